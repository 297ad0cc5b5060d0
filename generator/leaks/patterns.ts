/** Something that looks like a secret wherever it stands. */
interface Pattern {
  what: string
  pattern: RegExp
  fix: string
}

const rotate = 'take it out; where it has been committed before, rotate it, because Git keeps its history'

/** What this project makes and others do not look for; vendors' tokens are the business of secretlint. */
export const patterns: readonly Pattern[] = [
  {
    what: 'a private age key',
    pattern: /AGE-SECRET-KEY-(PQ-)?1[0-9A-Z]{20,}/gi,
    fix: 'take it out: a recipient is the public key, which begins with age1 and age-keygen -y prints',
  },
  {what: 'a private key', pattern: /-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY-----/g, fix: rotate},
  {
    what: 'the private key of a kubeconfig',
    pattern: /\b(client-key-data|tls\.key): *[A-Za-z0-9+/=]{40,}/g,
    fix: rotate,
  },
  {what: 'the hash of a password', pattern: /\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}/g, fix: rotate},
  {what: 'the hash of a password', pattern: /\{PBKDF2\}\d+\$[A-Za-z0-9+/=]{8,}\$[A-Za-z0-9+/=]{8,}/g, fix: rotate},
]
