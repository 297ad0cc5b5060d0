import {existsSync, readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {parseAllDocuments} from 'yaml'
import {IssueError} from '../issue/issue.ts'
import type {RenderedFile} from '../rendered-file.ts'

/** The files of a repository beside what rendering would write there. */
export class TreeFiles {
  readonly #root: string
  readonly #rendered: ReadonlyMap<string, RenderedFile>

  constructor(root: string, rendered: readonly RenderedFile[]) {
    this.#root = root
    this.#rendered = new Map(rendered.map((file) => [file.path, file]))
  }

  get root(): string {
    return this.#root
  }

  /** Paths of rendered files that are not there. */
  missing(): string[] {
    return [...this.#rendered.keys()].filter((path) => !existsSync(join(this.#root, path)))
  }

  /** Paths of rendered files that say something else. */
  changed(): string[] {
    return [...this.#rendered.keys()].filter((path) => !this.isAsRendered(path))
  }

  /** Whether a file is byte for byte what is rendered, so that it need not be read as YAML. */
  isAsRendered(path: string): boolean {
    return this.text(path) === this.#rendered.get(path)?.content
  }

  text(path: string): string | undefined {
    const full = join(this.#root, path)
    return existsSync(full) ? readFileSync(full, 'utf8') : undefined
  }

  /** Whether a folder holds the rendered files, and no other. */
  isFolderAsRendered(folder: string): boolean {
    const rendered = [...this.#rendered.keys()].filter((path) => path.startsWith(`${folder}/`))
    const present = this.#below(folder)
    return present.length === rendered.length && rendered.every((path) => this.isAsRendered(path))
  }

  /** Names of the files of a folder, without those below it. */
  list(folder: string): string[] {
    const full = join(this.#root, folder)
    if (!existsSync(full)) return []
    return readdirSync(full, {withFileTypes: true})
      .filter((entry) => entry.isFile())
      .map(({name}) => name)
      .sort()
  }

  /** The YAML documents of a file; an IssueError with the place where it is none. */
  documents(path: string): readonly unknown[] {
    const known = this.#rendered.get(path)
    const text = this.text(path) ?? ''
    if (known?.documents && known.content === text) return known.documents
    return parseAllDocuments(text, {uniqueKeys: false}).map((document) => {
      const [error] = document.errors
      if (error) throw unreadable(path, error.message)
      return document.toJS() as unknown
    })
  }

  #below(folder: string): string[] {
    const full = join(this.#root, folder)
    if (!existsSync(full)) return []
    return readdirSync(full, {recursive: true, withFileTypes: true})
      .filter((entry) => entry.isFile())
      .map(({name}) => name)
  }
}

function unreadable(file: string, message: string): IssueError {
  const line = Number(/at line (\d+)/.exec(message)?.[1] ?? 1)
  return new IssueError({
    severity: 'error',
    code: 'yaml',
    file,
    line,
    message: `Cannot read YAML: ${message.split('\n')[0]?.replace(/ at line.*/, '')}`,
    fix: 'run npm run render, which writes it anew',
  })
}
