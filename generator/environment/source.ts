import {type Document, isMap, isNode, isPair, isScalar, LineCounter, type Node, parseDocument, visit} from 'yaml'
import {hideSecrets} from '../issue/hide-secrets.ts'
import type {Issue} from '../issue/issue.ts'

export type Path = readonly (string | number)[]

/** How far aliases may multiply a document: enough for a shared block in each of ten thousand clusters. */
const aliasLimit = 50_000

/** The text of an environment file with the place of everything in it. */
export class Source {
  readonly file: string
  readonly #lines: string[]
  readonly #lineCounter = new LineCounter()
  readonly #document: Document.Parsed

  constructor(file: string, content: string) {
    this.file = file
    this.#lines = content.split('\n')
    this.#document = parseDocument(content, {lineCounter: this.#lineCounter, uniqueKeys: true, prettyErrors: false})
  }

  /** The data as plain JavaScript, or undefined with the problems added to `issues`. */
  data(issues: Issue[]): unknown {
    issues.push(...this.#syntaxIssues())
    if (issues.length > 0) return undefined
    if (this.#document.contents === null) {
      issues.push(this.issue({path: [], message: 'Cannot read an environment: the file is empty', fix: emptyFix}))
      return undefined
    }
    try {
      return this.#document.toJS({maxAliasCount: aliasLimit})
    } catch (error) {
      issues.push(this.#aliasIssue(error as Error))
      return undefined
    }
  }

  /** Whether something stands at a path. */
  has(path: Path): boolean {
    return this.#document.hasIn(path)
  }

  /** An error or warning at a path; `at: 'key'` points to the key instead of its value. */
  issue(options: {
    path: Path
    message: string
    fix: string
    code?: string
    severity?: Issue['severity']
    at?: 'key' | 'value'
  }): Issue {
    const {path, message, fix, code = 'invalid', severity = 'error', at = 'value'} = options
    return {severity, code, file: this.file, path: path.join('.'), message, fix, ...this.#place(path, at)}
  }

  #place(path: Path, at: 'key' | 'value'): Pick<Issue, 'line' | 'column' | 'source'> {
    const range = this.#range(path, at)
    return range ? this.#frame(range[0], range[1]) : {line: 1, column: 1}
  }

  #frame(start: number, end: number): Pick<Issue, 'line' | 'column' | 'source'> {
    const {line, col} = this.#lineCounter.linePos(start)
    const text = hideSecrets((this.#lines[line - 1] ?? '').replace(/\r$/, ''))
    return {line, column: col, source: {text, length: Math.max(1, Math.min(end - start, text.length - col + 1))}}
  }

  /** Where the value or key at the path stands; for what is missing, the key of the nearest parent. */
  #range(path: Path, at: 'key' | 'value'): [number, number] | undefined {
    for (let length = path.length; length > 0; length -= 1) {
      const node = this.#document.getIn(path.slice(0, length), true)
      const key = this.#keyRange(path.slice(0, length))
      if (length < path.length || at === 'key') {
        if (key) return key
      }
      if (isNode(node) && node.range) return [node.range[0], node.range[1]]
      if (key) return key
    }
    return undefined
  }

  #keyRange(path: Path): [number, number] | undefined {
    const parent = path.length === 1 ? this.#document.contents : this.#document.getIn(path.slice(0, -1), true)
    if (!isMap(parent)) {
      const item = this.#document.getIn(path, true) as Node | undefined
      return item?.range ? [item.range[0], item.range[0] + 1] : undefined
    }
    const pair = parent.items.find(({key}) => isScalar(key) && String(key.value) === String(path.at(-1)))
    const range = isPair(pair) && isNode(pair.key) ? pair.key.range : undefined
    return range ? [range[0], range[1]] : undefined
  }

  /** The first of each line: what follows on it is mostly a consequence. */
  #syntaxIssues(): Issue[] {
    const issues = this.#document.errors.map((error) => this.#syntaxIssue(error))
    return issues.filter(({line}, index) => issues.findIndex((other) => other.line === line) === index)
  }

  #syntaxIssue(error: {code: string; message: string; pos: [number, number]}): Issue {
    const message = `Cannot read YAML: ${error.message.split(/[\n;]/)[0]}`
    const isFlow = error.message.startsWith('Flow ')
    const fix =
      (!isFlow && syntaxFixes[error.code]) || 'look here and on the line before for a missing colon, quote or bracket'
    return {severity: 'error', code: 'yaml', file: this.file, message, fix, ...this.#frame(...error.pos)}
  }

  #aliasIssue(error: Error): Issue {
    let place: Pick<Issue, 'line' | 'column' | 'source'> = {line: 1, column: 1}
    visit(this.#document, {
      Alias: (_, node) => {
        if (node.range) place = this.#frame(node.range[0], node.range[1])
        return visit.BREAK
      },
    })
    const exploded = error.message.startsWith('Excessive alias count')
    const message = exploded
      ? 'Cannot read YAML: the aliases multiply the document beyond all use'
      : `Cannot read YAML: ${error.message}`
    const fix = exploded ? 'write the repeated blocks out, or put them into edge.defaults' : 'define the anchor first'
    return {severity: 'error', code: 'yaml', file: this.file, message, fix, ...place}
  }
}

const emptyFix = 'copy environments/example/environment.yaml and change it'

const syntaxFixes: Record<string, string> = {
  DUPLICATE_KEY: 'keep one of the two keys',
  TAB_AS_INDENT: 'indent with spaces',
  BAD_INDENT: 'line the keys of a map up with each other',
  MULTIPLE_DOCS: 'keep one document in a file: remove the line ---',
}
