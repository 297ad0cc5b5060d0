import {createHash} from 'node:crypto'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import {dirname, join, relative, sep} from 'node:path'
import {type Issue, IssueError} from '../issue/issue.ts'
import {banner, type RenderedFile} from '../rendered-file.ts'
import {withLock} from './lock.ts'

/** What a write did, as paths. */
export interface Written {
  changed: string[]
  removed: string[]
  unchanged: number
}

/** Folders where a rendered file may be left over from an earlier render. */
const renderedFolders = ['charts', 'clusters', 'environments']

/**
 * Makes the repository hold these files. Each file is replaced in one step, so a kill at any moment leaves it old or
 * new; files of an earlier render that are no longer rendered go, and so do the folders they leave empty. A file that
 * does not carry the banner is somebody's own: it is never replaced or removed.
 */
export function writeFiles(root: string, files: readonly RenderedFile[], progress: (done: number) => void): Written {
  refuseForeign(root, files)
  return withLock(root, (staging) => {
    const changed = files.filter(({path, content}) => readText(join(root, path)) !== content)
    for (const [index, file] of changed.entries()) {
      replace(root, staging, file)
      progress(index + 1)
    }
    const removed = removeStale(root, new Set(files.map(({path}) => path)))
    return {changed: changed.map(({path}) => path), removed, unchanged: files.length - changed.length}
  })
}

function replace(root: string, staging: string, {path, content}: RenderedFile): void {
  const target = join(root, path)
  const temporary = join(staging, createHash('sha256').update(path).digest('hex'))
  mkdirSync(dirname(target), {recursive: true})
  writeFileSync(temporary, content)
  renameSync(temporary, target)
}

/** Before anything is written: what stands in the way. */
function refuseForeign(root: string, files: readonly RenderedFile[]): void {
  const folders = new Set(files.map(({path}) => dirname(path)))
  const issues = [
    ...[...folders].flatMap((folder) => leadsOut(root, folder) ?? []),
    ...files.flatMap(({path}) => isForeign(root, path) ?? []),
  ]
  if (issues.length > 0) throw new IssueError(...issues)
}

function leadsOut(root: string, folder: string): Issue | undefined {
  const existing = nearestExisting(join(root, folder))
  if (relative(realpathSync(root), realpathSync(existing)).split(sep)[0] !== '..') return undefined
  return {
    severity: 'error',
    code: 'file',
    file: folder,
    message: 'Cannot write here: a symbolic link leads out of the repository',
    fix: `remove the link ${relative(root, existing)}`,
  }
}

function nearestExisting(path: string): string {
  return existsSync(path) ? path : nearestExisting(dirname(path))
}

function isForeign(root: string, path: string): Issue | undefined {
  const target = join(root, path)
  const stat = lstatSync(target, {throwIfNoEntry: false})
  if (!stat || (stat.isFile() && isRendered(readFileSync(target, 'utf8')))) return undefined
  return {
    severity: 'error',
    code: 'file',
    file: path,
    message: 'Cannot write here: the file that stands here was not rendered',
    fix: 'move it elsewhere, or remove it',
  }
}

/** Empty files count too: a file system may leave one behind where the power went. */
function isRendered(content: string): boolean {
  return content === '' || content.includes(banner)
}

function readText(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}

function removeStale(root: string, expected: ReadonlySet<string>): string[] {
  return renderedFolders.flatMap((folder) => removeStaleBelow(root, folder, expected))
}

function removeStaleBelow(root: string, folder: string, expected: ReadonlySet<string>): string[] {
  if (!existsSync(join(root, folder))) return []
  const removed: string[] = []
  for (const entry of readdirSync(join(root, folder), {withFileTypes: true})) {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory()) removed.push(...removeStaleBelow(root, path, expected))
    else if (entry.isFile() && !expected.has(path) && carriesBanner(join(root, path))) {
      rmSync(join(root, path))
      removed.push(path)
    }
  }
  if (removed.length > 0 && readdirSync(join(root, folder)).length === 0) rmSync(join(root, folder), {recursive: true})
  return removed
}

function carriesBanner(path: string): boolean {
  return readFileSync(path, 'utf8').slice(0, 400).includes(banner)
}
