import type {Envelope, SealedFile} from '../environment/sealed.ts'
import {idOf} from './bundle.ts'
import {fingerprint, validityOf} from './certificate.ts'
import {holds, type PlannedSecret, valuesOfKeys} from './plan.ts'

// What can be seen of encrypted Secrets without a key, so that a check needs none.

/** Which part is a certificate, and annotations that tell of it: its SHA-256, and the day on which it ends. */
const marks = {
  identity: {part: 'certificate', sha256: 'certificate-sha256', expires: 'certificate-expires'},
  authority: {part: 'trusted', sha256: 'authority-sha256', expires: 'authority-expires'},
} as const
type Marked = keyof typeof marks

/** The annotations of a Secret that holds certificates. */
export function marksOf(
  secret: PlannedSecret,
  certificates: Partial<Record<Marked, string | undefined>>,
): Record<string, string> {
  const kinds = (Object.keys(marks) as Marked[]).filter((kind) => holds(secret, kind, marks[kind].part))
  const entries = kinds.flatMap((kind): [string, string][] => {
    const text = certificates[kind]
    if (!text) return []
    const expires = validityOf(text).to.toISOString().slice(0, 10)
    return [
      [marks[kind].sha256, fingerprint(text)],
      [marks[kind].expires, expires],
    ]
  })
  return Object.fromEntries(entries)
}

/** The SHA-256 of a certificate in a file, as its annotations say. */
export function seenFingerprint({secrets}: SealedFile, kind: Marked): string | undefined {
  return secrets.map(({annotations}) => annotations[marks[kind].sha256]).find((text) => text !== undefined)
}

/** The day on which a certificate of the Secret ends. */
export function seenExpiry({annotations}: Envelope): {what: 'certificate' | 'authority'; date: Date} | undefined {
  for (const kind of Object.keys(marks) as Marked[]) {
    const date = annotations[marks[kind].expires]
    if (date) return {what: kind === 'identity' ? 'certificate' : 'authority', date: new Date(date)}
  }
  return undefined
}

/** What a file lacks, as namespace/name of Secrets and their keys. */
export function missingIn({secrets}: SealedFile, planned: readonly PlannedSecret[]): string[] {
  const seen = new Map(secrets.map((secret) => [idOf(secret), secret]))
  return planned.flatMap((secret) => {
    const envelope = seen.get(idOf(secret))
    if (!envelope) return [`Secret ${idOf(secret)}`]
    const missing = valuesOfKeys(secret).filter(([key]) => !envelope.keys.includes(key))
    return missing.map(([key]) => `key ${key} of Secret ${idOf(secret)}`)
  })
}

/** Secrets in a file that are ours and that nothing needs any more, as namespace/name. */
export function obsoleteIn(
  {secrets}: SealedFile,
  planned: readonly PlannedSecret[],
  declared: ReadonlySet<string>,
): string[] {
  const needed = new Set(planned.map(idOf))
  return secrets.map(idOf).filter((id) => declared.has(id) && !needed.has(id))
}

/** Who can read a file and should not, and the other way round. */
export function wrongRecipients(
  {recipients}: SealedFile,
  wanted: readonly string[],
): {extra: string[]; missing: string[]} {
  return {
    extra: recipients.filter((recipient) => !wanted.includes(recipient)),
    missing: wanted.filter((recipient) => !recipients.includes(recipient)),
  }
}
