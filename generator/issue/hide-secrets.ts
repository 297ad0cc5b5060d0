/** Last words of a key by which its value is a credential. */
const credentialWords = /^(pass(word|wd|phrase|code)?s?|tokens?|credentials?)$/
const credentialPairs = /^(api key|private key|secret key|key data|access key|stream key|auth key)s?$/

/** Whether a key of this name holds a credential; `secret` alone, and `existingSecret`, name a Secret here. */
export function isCredentialName(key: string): boolean {
  const words = wordsOf(key)
  const [before = '', last = ''] = words.slice(-2).length === 2 ? words.slice(-2) : ['', words.at(-1) ?? '']
  if (last === 'secret') return before !== '' && before !== 'existing'
  return credentialWords.test(last) || credentialPairs.test(`${before} ${last}`)
}

/** `adminPassword`, `admin-password` and `ADMIN_PASSWORD` are two words. */
function wordsOf(key: string): string[] {
  return key
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .split(/[^A-Za-z0-9]+/)
    .filter(Boolean)
    .map((word) => word.toLowerCase())
}

/** Marks of what is secret wherever it stands: a password in a URL, a private age key. */
const inText = [/(?<=:\/\/[^:@/\s]*:)[^@/\s]+(?=@)/g, /AGE-SECRET-KEY-[A-Z0-9-]+/gi]
const scalarOfKey =
  /(?<start>(?<key>[A-Za-z0-9_.-]+)["']?\s*[:=]\s*)(?<value>"[^"]*"?|'[^']*'?|[^\s,}\]#[{&*|>][^,}\]#]*)/g

/** A line for a person to read, in which not even a log may show more of a credential than its length. */
export function hideSecrets(text: string): string {
  const hidden = inText.reduce((line, pattern) => line.replace(pattern, stars), text)
  return hidden.replace(scalarOfKey, (whole, ...rest) => {
    const {start, key, value} = rest.at(-1) as Record<'start' | 'key' | 'value', string>
    return isCredentialName(key) ? start + stars(value) : whole
  })
}

function stars(secret: string): string {
  return '*'.repeat(secret.length)
}
