import type {Data} from './data.ts'

/** What an extension makes of a node of its own class: one scalar, or lines around other nodes. */
export type Fragment = {scalar: string} | Wrapped

export interface Wrapped {
  open: string
  close: string
  nodes: readonly Data[]
}

export interface PrintOptions {
  /** `json` quotes every string, so that text looks the same whether a value is literal or comes from Helm. */
  scalars?: 'plain' | 'json'
  /** Prints objects of other classes than Object and Array. */
  extension?: (node: object) => Fragment
  /** Changes printed literal text, such as to escape template marks. */
  escape?: (literal: string) => string
  /** A comment above a map entry, by the path of its keys. */
  comment?: (path: readonly string[]) => string | undefined
}

// Words and forms that YAML 1.1 or 1.2 parsers read as something else than a string.
const reserved = /^(?:y|n|yes|no|on|off|true|false|null|nan|inf|e[-+]?[0-9]+)$/i
const plain = /^[A-Za-z_/](?:[A-Za-z0-9_./@+=()$-]|[:#](?=[A-Za-z0-9_./@+=()$-])| (?=[A-Za-z0-9_./@+=()$-]))*$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: text with control characters must be quoted
const unprintable = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff\ud800-\udfff]/

/**
 * YAML that parsers of versions 1.1 (Helm) and 1.2 read back as the same data. Keys keep their order; entries
 * whose value is undefined vanish. Ends with a line feed.
 */
export function printYaml(data: Data, options: PrintOptions = {}): string {
  const printer = new Printer(options)
  return `${printer.document(data).join('\n')}\n`
}

class Printer {
  readonly #options: PrintOptions
  readonly #escape: (literal: string) => string

  constructor(options: PrintOptions) {
    this.#options = options
    this.#escape = options.escape ?? String
  }

  document(data: Data): string[] {
    const inline = this.#inline(data)
    if (inline !== undefined) return [inline]
    if (typeof data === 'string') return this.#multiline('', data, 0)
    return this.#block(data as object, 0, [])
  }

  #block(data: object, indent: number, path: readonly string[]): string[] {
    if (Array.isArray(data)) return data.flatMap((item) => this.#item(item, indent, path))
    return Object.entries(data).flatMap(([key, value]) => this.#entry(key, value, indent, path))
  }

  #entry(key: string, value: Data, indent: number, path: readonly string[]): string[] {
    if (value === undefined) return []
    const fragment = this.#fragment(value)
    if (fragment && 'open' in fragment) {
      return this.#wrap(fragment, indent, (node) => this.#entry(key, node, indent, path))
    }
    const entryPath = [...path, key]
    const start = `${' '.repeat(indent)}${this.#escape(this.#key(key))}:`
    return [...this.#comment(entryPath, indent), ...this.#value(start, value, indent, entryPath)]
  }

  #value(start: string, value: Data, indent: number, path: readonly string[]): string[] {
    const inline = this.#inline(value)
    if (inline !== undefined) return [`${start} ${inline}`]
    if (typeof value === 'string') return this.#multiline(`${start} `, value, indent)
    return [start, ...this.#block(value as object, indent + 2, path)]
  }

  #item(item: Data, indent: number, path: readonly string[]): string[] {
    if (item === undefined) return []
    const fragment = this.#fragment(item)
    if (fragment && 'open' in fragment) return this.#wrap(fragment, indent, (node) => this.#item(node, indent, path))
    const start = `${' '.repeat(indent)}-`
    const inline = this.#inline(item)
    if (inline !== undefined) return [`${start} ${inline}`]
    if (typeof item === 'string') return this.#multiline(`${start} `, item, indent)
    const [first = '', ...rest] = this.#block(item as object, indent + 2, path)
    const joinable = !first.trimStart().startsWith('{{') && !first.trimStart().startsWith('#')
    return joinable ? [`${start} ${first.trimStart()}`, ...rest] : [start, first, ...rest]
  }

  #wrap(fragment: Wrapped, indent: number, print: (node: Data) => string[]): string[] {
    const space = ' '.repeat(indent)
    return [space + fragment.open, ...fragment.nodes.flatMap(print), space + fragment.close]
  }

  /** The value if it fits behind its key, else undefined. */
  #inline(value: Data): string | undefined {
    if (typeof value === 'string') return isBlock(value) ? undefined : this.#escape(this.#string(value))
    if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
    const fragment = this.#fragment(value)
    if (fragment) return 'scalar' in fragment ? fragment.scalar : undefined
    if (Array.isArray(value)) return value.every((item) => item === undefined) ? '[]' : undefined
    return Object.values(value).every((entry) => entry === undefined) ? '{}' : undefined
  }

  #multiline(start: string, value: string, indent: number): string[] {
    const space = ' '.repeat(indent + 2)
    const body = value.endsWith('\n') ? value.slice(0, -1) : value
    const content = body.split('\n').map((line) => (line === '' ? '' : space + this.#escape(line)))
    return [`${start}|${value.endsWith('\n') ? '' : '-'}`, ...content]
  }

  #string(value: string): string {
    return this.#options.scalars === 'json' ? JSON.stringify(value) : quoteIfNeeded(value)
  }

  #key(key: string): string {
    return quoteIfNeeded(key)
  }

  #fragment(value: Data): Fragment | undefined {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    const prototype = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === null) return undefined
    if (!this.#options.extension) throw new TypeError(`Cannot print a ${value.constructor.name} as plain YAML`)
    return this.#options.extension(value)
  }

  #comment(path: readonly string[], indent: number): string[] {
    const comment = this.#options.comment?.(path)
    if (comment === undefined) return []
    return comment.split('\n').map((line) => `${' '.repeat(indent)}# ${line}`.trimEnd())
  }
}

function quoteIfNeeded(value: string): string {
  if (plain.test(value) && !reserved.test(value)) return value
  return unprintable.test(value) ? escapeUnprintable(JSON.stringify(value)) : JSON.stringify(value)
}

function escapeUnprintable(quoted: string): string {
  return quoted.replace(/[\u007f-\u009f\u2028\u2029\ufeff]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** Whether the text prints as a block: several lines, none of which YAML would change. */
function isBlock(value: string): boolean {
  if (!value.includes('\n') || unprintable.test(value.replaceAll('\n', ''))) return false
  if (/^[ \n]/.test(value) || value.endsWith('\n\n')) return false
  return !/[ ]\n|[ ]$/.test(value)
}
