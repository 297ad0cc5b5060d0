import {randomBytes, randomUUID} from 'node:crypto'
import {revisionAnnotation} from '../environment/sealed.ts'
import {sha256} from '../expression/helpers.ts'
import type {SecretValue} from '../secret.ts'
import {type Bundle, idOf, type PlainSecret} from './bundle.ts'
import {type PlannedSecret, valuesOfKeys} from './plan.ts'

/** 256 bits; none begins with a dash, which programs would take for an option. */
export function newPassword(): string {
  const password = randomBytes(32).toString('base64url')
  return password.startsWith('-') ? newPassword() : password
}

/** Netdata takes a stream key for one only if it is a UUID (src/streaming/stream.conf). */
export function newStreamKey(): string {
  return randomUUID()
}

/** What the values of a cluster come from, beside what is there already. */
export interface Sources {
  /** A value that is worked out; undefined for what is random. */
  workOut: (value: SecretValue) => string | undefined
  /** Entries of a Secret with one for each edge cluster. */
  perEdge: () => Record<string, string>
  /** Secrets, as namespace/name, whose random values are made anew. */
  rotated: ReadonlySet<string>
  /** What can be read without a key, beside the revision. */
  annotationsOf: (secret: PlannedSecret) => Record<string, string>
}

/** Planned Secrets with their values: made, worked out, or kept. */
export function compose(planned: readonly PlannedSecret[], present: Bundle, sources: Sources): Bundle {
  return new Map(planned.map((secret) => [idOf(secret), composeSecret(secret, present, sources)]))
}

function composeSecret(secret: PlannedSecret, present: Bundle, sources: Sources): PlainSecret {
  const {namespace, name} = secret
  const before = present.get(idOf(secret))
  const values =
    typeof secret.keys === 'string'
      ? sources.perEdge()
      : {...before?.values, ...fixedValues(secret, before?.values ?? {}, sources)}
  const annotations = {
    [revisionAnnotation]: revisionOf(JSON.stringify(Object.entries(values).sort())),
    ...sources.annotationsOf(secret),
  }
  return {namespace, name, annotations, values, ...(before?.rest ? {rest: before.rest} : {})}
}

/**
 * A mark that changes with a text and tells nothing of it: 32 bits of its hash, of a text with 256 random bits in it. The
 * letter in front keeps it from being a number.
 */
export function revisionOf(text: string): string {
  return `r${sha256(text).slice(0, 8)}`
}

function fixedValues(
  secret: PlannedSecret,
  before: Readonly<Record<string, string>>,
  {workOut, rotated}: Sources,
): Record<string, string> {
  const isRotated = rotated.has(idOf(secret))
  const values: Record<string, string> = {}
  for (const [key, value] of valuesOfKeys(secret)) {
    const present = isRotated ? undefined : before[key]
    // Before the first rotation it is the present one.
    if (value.kind === 'previous') {
      values[key] =
        isRotated && before[value.of] ? joinHistory(before[value.of], before[key]) : (present ?? values[value.of] ?? '')
    } else values[key] = workOut(value) ?? present ?? random(value)
  }
  return values
}

/**
 * What a value has been, the latest first, each once. Several, because a rotation may follow another before that one has
 * reached the clusters.
 */
export function joinHistory(...parts: readonly (string | undefined)[]): string {
  const all = parts.flatMap((part) => part?.split(' ') ?? [])
  return [...new Set(all)].slice(0, rememberedValues).join(' ')
}

const rememberedValues = 5

function random(value: SecretValue): string {
  return value.kind === 'account' ? `${value.prefix}-${randomBytes(3).toString('hex')}` : newPassword()
}
