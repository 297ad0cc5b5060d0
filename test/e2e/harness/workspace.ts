import {cpSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {type Document, parseDocument} from 'yaml'
import {render} from '../../../generator/commands/render.ts'
import {hasErrors} from '../../../generator/issue/issue.ts'
import {run} from '../../../generator/verify/run.ts'
import {root} from '../../support/paths.ts'

/** An operator's clone of the repository, with one environment in it. */
export interface Workspace {
  folder: string
  /** Changes the environment file as a person would, its comments kept. */
  edit: (change: (document: Document) => void) => void
  /** Renders as `npm run render` does; an error with all problems where there are any. */
  render: () => void
  /** Renders, commits all of it, pushes; gives back the commit. */
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
  const push = async (message: string) => {
    await git(clone, 'add', '--all')
    await git(clone, ...identity, 'commit', '--quiet', '--message', message)
    await git(clone, 'push', '--quiet', 'origin', 'main')
    return git(clone, 'rev-parse', 'HEAD')
  }
  const renderAll = () => {
    const {issues} = render(clone, () => {})
    if (hasErrors(issues)) throw new Error(issues.map((issue) => issue.message).join('\n'))
  }
  return {
    folder: clone,
    edit: (change) => {
      const document = parseDocument(readFileSync(file, 'utf8'))
      change(document)
      writeFileSync(file, document.toString())
    },
    push,
    render: renderAll,
    propose: async (message) => {
      renderAll()
      return push(message)
    },
  }
}

const identity = ['-c', 'user.name=Operator', '-c', 'user.email=operator@example.com', '-c', 'commit.gpgsign=false']

async function git(cwd: string, ...args: string[]): Promise<string> {
  const {stdout, stderr, exitCode} = await run('git', args, {cwd})
  if (exitCode !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`)
  return stdout.trim()
}

/** An empty folder for a test, below the cache that Git ignores; it stays where the test fails. */
export function emptyFolder(name: string): string {
  const folder = join(root, '.cache', 'e2e', name)
  rmSync(folder, {recursive: true, force: true})
  mkdirSync(folder, {recursive: true})
  return folder
}
