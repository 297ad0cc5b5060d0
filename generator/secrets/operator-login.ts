import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import type {Site} from '../component.ts'
import {isConflicted, recipientsOf} from '../environment/sealed.ts'
import {printYaml} from '../yaml/print.ts'
import {bcryptHash, elasticHash} from './hash.ts'
import type {Registry} from './registry.ts'
import type {Sops} from './sops.ts'
import type {StoredFile} from './store.ts'
import {newPassword, revisionOf} from './values.ts'

/** The password of an operator for Kibana and for the pages behind basic auth, which only this operator can read. */
export function operatorPath(environment: string, operator: string): string {
  return `environments/${environment}/operators/${operator}.sops.yaml`
}

/** Keys whose values sops encrypts in it. */
const loginKeys = '^password$'

/**
 * Whether the file is there, whole, encrypted for this recipient alone and, where one is given, of this revision: that of
 * the hash which the cloud has of the same password.
 */
export function isLoginOf(root: string, path: string, recipient: string, revision?: string): boolean {
  if (!existsSync(join(root, path))) return false
  const text = readFileSync(join(root, path), 'utf8')
  const recipients = recipientsOf(text)
  const isWhole =
    /^password: ENC\[[^\]]*\]$/m.test(text) && /^ {4}mac: ENC\[[^\]]*\]$/m.test(text) && !isConflicted(text)
  const fits = revision === undefined || text.includes(`\nrevision: ${revision}\n`)
  return isWhole && fits && recipients.length === 1 && recipients[0] === recipient
}

/** New logins for operators who have none, or none that only they can read, and for those in `rotated`. */
export async function completeLogins(options: {
  root: string
  sops: Sops
  site: Site
  registry: Registry
  rotated: ReadonlySet<string>
}): Promise<StoredFile[]> {
  const {root, sops, site, registry, rotated} = options
  const {name: environment, secrets} = site.environment
  const files: StoredFile[] = []
  for (const {name, recipient} of secrets?.operators ?? []) {
    const path = operatorPath(environment, name)
    const isKnown = registry.hashes.has(name) && registry.logins.has(name)
    const fits = isKnown && isLoginOf(root, path, recipient, revisionOf(registry.logins.get(name) ?? ''))
    if (fits && !rotated.has(name)) continue
    const password = newPassword()
    registry.hashes.set(name, elasticHash(password))
    const login = bcryptHash(password)
    registry.logins.set(name, login)
    const text = printYaml({environment, username: name, revision: revisionOf(login), password})
    files.push({path, content: await sops.encrypt(path, text, [recipient], loginKeys)})
  }
  return files
}
