import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import type {Sealed} from '../component.ts'
import type {Issue} from '../issue/issue.ts'
import {ageRecipient} from './fields.ts'

/** An encrypted Secret as anybody can see it. */
export interface Envelope {
  namespace: string
  name: string
  annotations: Readonly<Record<string, string>>
  /** Names of its keys. */
  keys: readonly string[]
}

/** A file of encrypted Secrets as anybody can see it. */
export interface SealedFile {
  recipients: readonly string[]
  secrets: readonly Envelope[]
}

/** Keys whose values sops encrypts; names and annotations stay readable, so that a review sees what changes. */
export const secretKeys = '^(data|stringData)$'

/** The annotation that changes with the content of a Secret. */
export const revisionAnnotation = 'revision'

/** Where the encrypted Secrets of a cluster are, and its public key. */
export function sealedPaths(environment: string, cluster: string): {secrets: string; recipient: string} {
  const folder = `clusters/${environment}/${cluster}`
  return {secrets: `${folder}/secrets.sops.yaml`, recipient: `${folder}/age.pub`}
}

/** A cluster of a repository. */
export interface Place {
  root: string
  environment: string
  cluster: string
}

/** What can be seen of the Secrets of a cluster; undefined where it has none, or with a problem in `issues`. */
export function readSealed(place: Place, issues: Issue[]): Sealed | undefined {
  const {secrets, recipient} = sealedPaths(place.environment, place.cluster)
  if (!existsSync(join(place.root, recipient)) && !existsSync(join(place.root, secrets))) return undefined
  const key = readRecipient(place, issues)
  const file = readSealedFile(place, issues)
  if (key === undefined || file === undefined) return undefined
  const revisions = file.secrets.map(({namespace, name, annotations}): [string, string] => [
    `${namespace}/${name}`,
    annotations[revisionAnnotation] ?? '',
  ])
  return {recipient: key, revisions: new Map(revisions)}
}

/** The public key of a cluster. */
export function readRecipient({root, environment, cluster}: Place, issues: Issue[]): string | undefined {
  const path = sealedPaths(environment, cluster).recipient
  const text = textOf(root, path)?.trim()
  if (text !== undefined && ageRecipient.safeParse(text).success) return text
  if (text !== undefined && isConflicted(text)) {
    const fix = `choose one side with git checkout --ours -- ${path}, or --theirs, and run npm run secrets -- ${environment}`
    issues.push(problem(path, 'Cannot read the public key of the cluster: a merge has left a conflict here', fix))
    return undefined
  }
  const message =
    text === undefined
      ? 'Cannot find the public key of the cluster, for which its Secrets are encrypted'
      : 'Cannot read the public key of the cluster: expected one line, age1 and 58 letters and digits'
  const fix = `git checkout -- ${path} brings it back; npm run secrets -- ${environment} --new-key ${cluster} makes another`
  issues.push(problem(path, message, fix))
  return undefined
}

/** The encrypted Secrets of a cluster, from outside; undefined with a problem in `issues`. */
export function readSealedFile({root, environment, cluster}: Place, issues: Issue[]): SealedFile | undefined {
  const path = sealedPaths(environment, cluster).secrets
  const command = `npm run secrets -- ${environment}`
  const text = textOf(root, path)
  if (text === undefined) {
    issues.push(problem(path, 'Cannot find the Secrets of the cluster', `run ${command}, which makes them`))
    return undefined
  }
  if (isConflicted(text)) {
    const message = 'Cannot read the Secrets: a merge has left a conflict here'
    issues.push(problem(path, message, `run ${command}, which merges both sides`))
    return undefined
  }
  const read = parseSealed(text)
  if (typeof read !== 'string') return read
  const fix = `git checkout -- ${path} brings back what was committed; change it with ${command}, or with sops edit`
  issues.push(problem(path, `Cannot read the Secrets: ${read}`, fix))
  return undefined
}

/** Whether Git has left both sides of a conflict in a text. */
export function isConflicted(text: string): boolean {
  return /^<{7} /m.test(text) && /^>{7} /m.test(text)
}

/**
 * Reads the lines that sops writes, because YAML of ten thousand files takes a quarter of a minute. What is in another
 * form was not written by sops: a sentence says so.
 */
export function parseSealed(text: string): SealedFile | string {
  if (text.trim() === '') return 'the file is empty'
  const documents = text.split(/^---$/m)
  const secrets: Envelope[] = []
  const recipients = new Set<string>()
  for (const document of documents) {
    const envelope = parseDocument(document)
    if (typeof envelope === 'string') return envelope
    secrets.push(envelope)
    for (const recipient of recipientsOf(document)) recipients.add(recipient)
  }
  if (recipients.size === 0) return 'nobody can decrypt them: it names no recipient'
  return {recipients: [...recipients], secrets}
}

/** Whoever holds a key: of age, or of one of the other services that sops knows (its stores/stores.go). */
export function recipientsOf(document: string): string[] {
  const others = 'fp|arn|resource_id|vault_url|vault_address|key_id'
  const found = document.matchAll(new RegExp(`^ +(?:- )?(recipient|${others}): (\\S+)$`, 'gm'))
  return [...found].map(([, kind, name = '']) => (kind === 'recipient' ? name : `${kind} ${name}`))
}

function parseDocument(document: string): Envelope | string {
  const sections = sectionsOf(document)
  if (!/^kind: Secret$/m.test(document)) return 'one is no Secret'
  const metadata = sections.get('metadata') ?? []
  const field = (name: string) => scalarOf(metadata.find((line) => line.startsWith(`    ${name}: `)))
  const [namespace, name] = [field('namespace'), field('name')]
  if (!namespace || !name) return 'one has no name or no namespace'
  const entries = [...(sections.get('stringData') ?? []), ...(sections.get('data') ?? [])]
  const clear = entries.find((line) => /^ {4}[^ ]/.test(line) && !/: ENC\[[^\]]*\]$/.test(line))
  if (clear !== undefined) return `${name} has a value that is not encrypted, or has been cut off`
  const isWhole = sections.get('sops')?.some((line) => /^ {4}mac: ENC\[[^\]]*\]$/.test(line))
  if (!isWhole) return `it ends within ${name}: it was written in half`
  return {
    namespace,
    name,
    annotations: Object.fromEntries(metadata.flatMap((line) => annotationOf(line))),
    keys: entries.map((line) => unquoted(line.slice(4, line.indexOf(': ENC['))).trim()),
  }
}

/** Lines below each key of the document. */
function sectionsOf(document: string): Map<string, string[]> {
  const sections = new Map<string, string[]>()
  let current: string[] = []
  for (const line of document.split('\n')) {
    const key = /^([A-Za-z]+):/.exec(line)?.[1]
    if (key) {
      current = []
      sections.set(key, current)
    } else if (line.trim() !== '') current.push(line)
  }
  return sections
}

function annotationOf(line: string): [string, string][] {
  const [, key = '', value = ''] = /^ {8}(["']?[a-z0-9-]+["']?): (.+)$/.exec(line) ?? []
  return key ? [[unquoted(key), unquoted(value)]] : []
}

function scalarOf(line: string | undefined): string | undefined {
  return line && unquoted(line.slice(line.indexOf(': ') + 2))
}

function unquoted(text: string): string {
  return text.replace(/^(["'])(.*)\1$/, '$2')
}

function textOf(root: string, path: string): string | undefined {
  return existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined
}

function problem(file: string, message: string, fix: string): Issue {
  return {severity: 'error', code: 'sealed', file, message, fix}
}
