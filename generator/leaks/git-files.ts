import {lstatSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {execa} from 'execa'
import {IssueError} from '../issue/issue.ts'
import {run} from '../verify/run.ts'

/** A file of the repository with its text. */
export interface TextFile {
  path: string
  text: string
}

/** Wrong files that tests need; no secret of anybody. */
const fixtures = 'test/'
/** Beyond this a file is no text that somebody wrote. */
const sizeLimit = 32 * 1024 * 1024

/** Text files that are committed or could be: all but those that Git ignores. */
export async function workingFiles(root: string): Promise<TextFile[]> {
  const paths = await list(root, ['ls-files', '-z', '--cached', '--others', '--exclude-standard'])
  return paths.flatMap((path) => {
    const stat = lstatSync(join(root, path), {throwIfNoEntry: false})
    if (!stat?.isFile() || stat.size > sizeLimit) return []
    return textOnly({path, text: readFileSync(join(root, path), 'utf8')})
  })
}

/** Text files as the next commit would have them, where it changes them. */
export async function stagedFiles(root: string): Promise<TextFile[]> {
  const paths = await list(root, ['diff', '--cached', '--relative', '--name-only', '-z', '--diff-filter=ACMRT'])
  if (paths.length === 0) return []
  const input = paths.map((path) => `:./${path}\n`).join('')
  // One process for all: starting one for each takes a minute in a large fleet.
  const {stdout} = await execa('git', ['cat-file', '--batch'], {
    cwd: root,
    input,
    encoding: 'buffer',
    maxBuffer: 2 ** 30,
  })
  const output = Buffer.from(stdout)
  let position = 0
  return paths.flatMap((path) => {
    const end = output.indexOf('\n', position)
    const size = Number(/ blob (\d+)$/.exec(output.subarray(position, end).toString())?.[1] ?? Number.NaN)
    if (Number.isNaN(size)) throw failure(`it does not give out ${path}`)
    position = end + 1 + size + 1
    return textOnly({path, text: output.subarray(end + 1, end + 1 + size).toString()})
  })
}

function textOnly(file: TextFile): TextFile[] {
  return file.text.includes('\0') ? [] : [file]
}

async function list(root: string, args: readonly string[]): Promise<string[]> {
  const {stdout, stderr, exitCode} = await run('git', ['-c', 'core.quotePath=false', ...args], {cwd: root})
  if (exitCode !== 0) throw failure(stderr.trim().split('\n').at(0) ?? '')
  return stdout.split('\0').filter((path) => path !== '' && !path.startsWith(fixtures))
}

/** Without Git nobody knows what would be committed, so nothing may pass. */
function failure(reason: string): IssueError {
  return new IssueError({
    severity: 'error',
    code: 'git',
    file: '.git',
    message: `Cannot look for secrets: Git says ${reason}`,
    fix: 'run it in a Git repository that is yours',
  })
}
