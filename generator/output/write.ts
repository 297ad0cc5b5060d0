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
/** Files beside those folders that come and go. */
const renderedFiles = ['.sops.yaml']

/**
 * Makes the repository hold these files. Each file is replaced in one step, so a kill at any moment leaves it old or
 * new; files of an earlier render that are no longer rendered go, and so do the folders they leave empty. A file that
 * does not carry the banner is somebody's own: it is never replaced or removed.
 */
export function writeFiles(root: string, files: readonly RenderedFile[], progress: (done: number) => void): Written {
  const changed = changedFiles(root, files)
  return withLock(root, (staging) => {
    for (const [index, file] of changed.entries()) {
      replace(root, staging, file)
      progress(index + 1)
    }
    const removed = removeStale(root, new Set(files.map(({path}) => path)))
    return {changed: changed.map(({path}) => path), removed, unchanged: files.length - changed.length}
  })
}

/** Before anything is written: what has to be, or an error for all that stands in the way. */
function changedFiles(root: string, files: readonly RenderedFile[]): RenderedFile[] {
  const issues = foldersOf(files).flatMap((folder) => leadsOut(root, folder) ?? [])
  if (issues.length > 0) throw new IssueError(...issues)
  const changed = files.filter(({path, content}) => {
    const present = presentContent(join(root, path))
    if (present !== undefined && !isRendered(present)) issues.push(foreign(path))
    return present !== content
  })
  if (issues.length > 0) throw new IssueError(...issues)
  return changed
}

function replace(root: string, staging: string, {path, content}: RenderedFile): void {
  const target = join(root, path)
  const temporary = join(staging, createHash('sha256').update(path).digest('hex'))
  mkdirSync(dirname(target), {recursive: true})
  writeFileSync(temporary, content)
  renameSync(temporary, target)
}

/** The folders of the files and all folders above them, once each. */
function foldersOf(files: readonly RenderedFile[]): string[] {
  const folders = new Set<string>()
  for (const {path} of files) {
    for (let folder = dirname(path); folder !== '.' && !folders.has(folder); folder = dirname(folder))
      folders.add(folder)
  }
  return [...folders].sort()
}

function leadsOut(root: string, folder: string): Issue | undefined {
  const path = join(root, folder)
  if (!lstatSync(path, {throwIfNoEntry: false})?.isSymbolicLink()) return undefined
  if (existsSync(path) && relative(realpathSync(root), realpathSync(path)).split(sep)[0] !== '..') return undefined
  return {
    severity: 'error',
    code: 'file',
    file: folder,
    message: 'Cannot write here: a symbolic link leads out of the repository',
    fix: 'remove the link',
  }
}

function foreign(path: string): Issue {
  return {
    severity: 'error',
    code: 'file',
    file: path,
    message: 'Cannot write here: what stands here was not rendered',
    fix: 'move it elsewhere, or remove it',
  }
}

/** What stands at a path: undefined where there is nothing; a folder has content that nobody rendered. */
export function presentContent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    if (code === 'EISDIR') return 'a folder'
    throw error
  }
}

/** Empty files count too: a file system may leave one behind where the power went. */
function isRendered(content: string): boolean {
  return content === '' || content.includes(banner)
}

function removeStale(root: string, expected: ReadonlySet<string>): string[] {
  const stale = renderedFiles.filter((path) => !expected.has(path) && isRenderedFile(join(root, path)))
  for (const path of stale) rmSync(join(root, path))
  return [...stale, ...renderedFolders.flatMap((folder) => removeStaleBelow(root, folder, expected))]
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

function isRenderedFile(path: string): boolean {
  return existsSync(path) && carriesBanner(path)
}

function carriesBanner(path: string): boolean {
  return readFileSync(path, 'utf8').slice(0, 400).includes(banner)
}
