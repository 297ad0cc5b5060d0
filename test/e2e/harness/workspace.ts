import {cpSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {generateX25519Identity, identityToRecipient} from 'age-encryption'
import {type Document, parseDocument} from 'yaml'
import {render} from '../../../generator/commands/render.ts'
import {hasErrors} from '../../../generator/issue/issue.ts'
import {type Bundle, parseBundle} from '../../../generator/secrets/bundle.ts'
import {clusterKeyPath} from '../../../generator/secrets/cluster-key.ts'
import {run} from '../../../generator/verify/run.ts'
import {requireTool, tools} from '../../../generator/verify/tools.ts'
import {root} from '../../support/paths.ts'
import {cliWith, git} from '../../support/programs.ts'

/** An operator's clone of the repository, with one environment in it. */
export interface Workspace {
  folder: string
  /** Changes the environment file as a person would, its comments kept. */
  edit: (change: (document: Document) => void) => void
  /** Renders as `npm run render` does; an error with all problems where there are any. */
  render: () => void
  /** Runs `npm run secrets`, as the operator whom the environment names. */
  secrets: (...args: string[]) => Promise<void>
  /** What sops makes of the encrypted Secrets of a cluster, by the operator's key. */
  bundle: (cluster: string) => Promise<Bundle>
  /** The private key of a cluster, which waits for bootstrapping. */
  clusterKey: (cluster: string) => string
  /** Makes the Secrets that are missing, renders, commits all of it, pushes; gives back the commit. */
  propose: (message: string) => Promise<string>
  /** Commits whatever is in the clone, rendered or not, and pushes. */
  push: (message: string) => Promise<string>
}

/** Makes `folder`/repository.git and a clone of it that holds an environment of this repository. */
export async function startWorkspace(folder: string, environment: string): Promise<Workspace> {
  const clone = join(folder, 'clone')
  const file = join(clone, `environments/${environment}/environment.yaml`)
  mkdirSync(dirname(file), {recursive: true})
  cpSync(join(root, `environments/${environment}/environment.yaml`), file)
  await git(folder, 'init', '--quiet', '--bare', '--initial-branch=main', 'repository.git')
  await git(clone, 'init', '--quiet', '--initial-branch=main')
  await git(clone, 'remote', 'add', 'origin', join(folder, 'repository.git'))
  writeFileSync(join(clone, '.gitignore'), '.secrets/\n')
  const keyFile = join(folder, 'operator.agekey')
  const identity = await generateX25519Identity()
  writeFileSync(keyFile, `${identity}\n`, {mode: 0o600})
  const edit: Workspace['edit'] = (change) => {
    const document = parseDocument(readFileSync(file, 'utf8'))
    change(document)
    writeFileSync(file, document.toString())
  }
  const operators = [{name: 'operator-1', recipient: await identityToRecipient(identity)}]
  edit((document) => document.setIn(['secrets'], document.createNode({operators})))
  const sops = await requireTool(root, tools.sops)
  const secrets = async (...args: string[]) => {
    const env = {SOPS_AGE_KEY_FILE: keyFile, PATH: `${await linkTo(sops, folder)}:${process.env.PATH}`}
    const {stderr, exitCode} = await cliWith(env, 'secrets', environment, ...args, '--root', clone)
    if (exitCode !== 0) throw new Error(stderr)
  }
  const push = async (message: string) => {
    await git(clone, 'add', '--all')
    await git(clone, 'commit', '--quiet', '--message', message)
    await git(clone, 'push', '--quiet', 'origin', 'main')
    return (await git(clone, 'rev-parse', 'HEAD')).trim()
  }
  const renderAll = () => {
    const {issues} = render(clone, () => {})
    if (hasErrors(issues)) throw new Error(issues.map((issue) => issue.message).join('\n'))
  }
  return {
    folder: clone,
    edit,
    push,
    render: renderAll,
    secrets,
    bundle: async (cluster) => {
      const path = `clusters/${environment}/${cluster}/secrets.sops.yaml`
      const {stdout, stderr, exitCode} = await run(sops, ['decrypt', path], {
        cwd: clone,
        env: {SOPS_AGE_KEY_FILE: keyFile},
      })
      if (exitCode !== 0) throw new Error(stderr)
      return parseBundle(path, stdout)
    },
    clusterKey: (cluster) => readFileSync(join(clone, clusterKeyPath(environment, cluster)), 'utf8'),
    propose: async (message) => {
      await secrets()
      renderAll()
      return push(message)
    },
  }
}

/** A folder for PATH that holds sops under its own name. */
async function linkTo(sops: string, folder: string): Promise<string> {
  const bin = join(folder, 'bin')
  mkdirSync(bin, {recursive: true})
  if (sops !== 'sops') await run('ln', ['-sf', sops, join(bin, 'sops')])
  return bin
}

/** An empty folder for a test, below the cache that Git ignores; it stays where the test fails. */
export function emptyFolder(name: string): string {
  const folder = join(root, '.cache', 'e2e', name)
  rmSync(folder, {recursive: true, force: true})
  mkdirSync(folder, {recursive: true})
  return folder
}
