import {mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {generateX25519Identity, identityToRecipient} from 'age-encryption'
import type {ExecutionContext} from 'ava'
import {type Document, parseDocument} from 'yaml'
import type {Bundle} from '../../generator/secrets/bundle.ts'
import {parseBundle} from '../../generator/secrets/bundle.ts'
import {type Output, run} from '../../generator/verify/run.ts'
import {requireTool, tools} from '../../generator/verify/tools.ts'
import {root} from './paths.ts'
import {cliWith, git} from './programs.ts'
import {readTree, temporaryFolder} from './temporary.ts'

export const operatorNames = ['alice', 'bob'] as const

/** A Git repository with one rendered environment, its operators with their keys, and the real sops on PATH. */
export interface SecretsRepository {
  folder: string
  environment: string
  /** Runs `npm run secrets` as an operator. */
  secrets: (args?: readonly string[], as?: string, env?: Record<string, string>) => Promise<Output>
  /** The same; an error where it does not exit with 0. */
  made: (args?: readonly string[], as?: string) => Promise<Output>
  edit: (change: (document: Document) => void) => void
  /** The Secrets of a cluster, decrypted by the key of somebody. */
  bundle: (cluster: string, as?: string) => Promise<Bundle>
  /** Decrypts a file with a key file; undefined where that key does not open it. */
  decrypt: (path: string, keyFile: string) => Promise<string | undefined>
  keyFile: (operator: string) => string
  /** Folders of programs, the real sops among them. */
  path: string
  recipient: (operator: string) => string
  /** The private key of a cluster, which the command left for bootstrapping. */
  clusterKey: (cluster: string) => string
  /** Files of the repository, without those that Git ignores. */
  tree: () => Record<string, string>
  commit: (message: string) => Promise<void>
}

/** `people` have keys; the first two of `operatorNames` are in the environment file. */
export async function secretsRepository(
  t: ExecutionContext,
  {environment = 'factory', people = ['alice', 'bob', 'eve'], prepare = (_: Document) => {}} = {},
): Promise<SecretsRepository> {
  const folder = temporaryFolder(t, {'.gitignore': '.secrets/\n.render/\n'})
  const outside = temporaryFolder(t)
  const recipients = new Map<string, string>()
  for (const name of people) {
    const identity = await generateX25519Identity()
    recipients.set(name, await identityToRecipient(identity))
    writeFileSync(join(outside, `${name}.txt`), `${identity}\n`, {mode: 0o600})
  }
  const sops = await requireTool(root, tools.sops)
  mkdirSync(join(outside, 'bin'))
  if (sops !== 'sops') symlinkSync(sops, join(outside, 'bin/sops'))
  const file = join(folder, `environments/${environment}/environment.yaml`)
  const edit = (change: (document: Document) => void) => {
    const document = parseDocument(readFileSync(file, 'utf8'))
    change(document)
    writeFileSync(file, document.toString())
  }
  mkdirSync(dirname(file), {recursive: true})
  writeFileSync(file, readFileSync(join(root, `environments/${environment}/environment.yaml`), 'utf8'))
  edit((document) => {
    const operators = operatorNames.map((name) => ({name, recipient: recipients.get(name)}))
    document.setIn(['secrets'], document.createNode({operators}))
    prepare(document)
  })
  const keyFile = (name: string) => join(outside, `${name}.txt`)
  const path = `${join(outside, 'bin')}:${process.env.PATH}`
  const environmentOf = (name: string) => ({
    PATH: path,
    HOME: outside,
    XDG_CONFIG_HOME: outside,
    SOPS_AGE_KEY_FILE: keyFile(name),
  })
  const secrets: SecretsRepository['secrets'] = (args = [], as = 'alice', env = {}) =>
    cliWith({...environmentOf(as), ...env}, 'secrets', environment, ...args, '--root', folder)
  const decrypt: SecretsRepository['decrypt'] = async (path, key) => {
    const env = {HOME: outside, XDG_CONFIG_HOME: outside, SOPS_AGE_KEY_FILE: key}
    const {stdout, exitCode} = await run(sops, ['decrypt', join(folder, path)], {env})
    return exitCode === 0 ? stdout : undefined
  }
  await git(folder, 'init', '--quiet', '--initial-branch=main')
  return {
    folder,
    environment,
    secrets,
    edit,
    decrypt,
    keyFile,
    path,
    made: async (args, as) => {
      const output = await secrets(args, as)
      if (output.exitCode !== 0) throw new Error(output.stderr)
      return output
    },
    bundle: async (cluster, as = 'alice') => {
      const path = `clusters/${environment}/${cluster}/secrets.sops.yaml`
      const text = await decrypt(path, keyFile(as))
      if (text === undefined) throw new Error(`${as} cannot read the Secrets of ${cluster}`)
      return parseBundle(path, text)
    },
    recipient: (name) => recipients.get(name) ?? '',
    clusterKey: (cluster) => join(folder, `.secrets/${environment}/${cluster}.agekey`),
    tree: () =>
      Object.fromEntries(
        Object.entries(readTree(folder)).filter(([path]) => !path.startsWith('.git/') && !path.startsWith('.secrets/')),
      ),
    commit: async (message) => {
      await git(folder, 'add', '--all')
      await git(folder, 'commit', '--quiet', '--message', message)
    },
  }
}

/** Paths whose content differs between two trees. */
export function changedPaths(before: Record<string, string>, after: Record<string, string>): string[] {
  const paths = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...paths].filter((path) => before[path] !== after[path]).sort()
}

/** A value of a Secret. */
export function secretValue(bundle: Bundle, secret: string, key: string): string {
  const value = bundle.get(secret)?.values[key]
  if (value === undefined) throw new Error(`there is no ${key} in ${secret}`)
  return value
}

/** The password in the login of an operator, read by that operator; undefined where there is none. */
export async function operatorPassword(repository: SecretsRepository, operator: string): Promise<string | undefined> {
  const path = `environments/${repository.environment}/operators/${operator}.sops.yaml`
  const text = await repository.decrypt(path, repository.keyFile(operator))
  return /^password: (.+)$/m.exec(text ?? '')?.[1]
}

/** Every value in the Secrets of an environment that is not public: what nobody else may see. */
export async function secretValues(repository: SecretsRepository): Promise<Set<string>> {
  const folder = join(repository.folder, 'clusters', repository.environment)
  const found = new Set<string>()
  for (const cluster of readdirSync(folder)) {
    for (const {name, values} of (await repository.bundle(cluster)).values()) {
      for (const [key, value] of Object.entries(values)) {
        if (!isPublic(name, key)) for (const part of secretParts(value)) found.add(part)
      }
    }
    for (const line of readFileSync(repository.clusterKey(cluster), 'utf8').split('\n')) {
      if (line.startsWith('AGE-SECRET-KEY-')) found.add(line)
    }
  }
  for (const name of readdirSync(join(repository.folder, 'environments', repository.environment, 'operators'))) {
    const password = await operatorPassword(repository, name.replace('.sops.yaml', ''))
    if (password) found.add(password)
  }
  return found
}

/** Names, certificates, and who has which role. */
function isPublic(secret: string, key: string): boolean {
  return /user$|^username$|\.crt$|^users_roles$/.test(key) && secret !== 'operator-login'
}

/** Hashes without the names before them, and lines of keys, because Git and logs cut text in lines. */
function secretParts(value: string): string[] {
  return value
    .split('\n')
    .map((line) => line.replace(/^[a-z0-9-]+:(?=[{$])/, ''))
    .filter((line) => line.length >= 16 && !line.startsWith('-----'))
}
