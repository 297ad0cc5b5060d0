import type {Data} from '../yaml/data.ts'

/** What an expression yields in Helm; decides how it prints inside text. */
export type ExpressionType = 'string' | 'number' | 'boolean' | 'other'

const code = Symbol('code')
const type = Symbol('type')

/**
 * A value that is known only when Helm renders the chart. It stands where the concrete value would stand.
 * Its own data hide behind symbols, because a proxy of it answers to the names of settings.
 */
export class Expression {
  readonly [code]: string
  readonly [type]: ExpressionType

  constructor(templateCode: string, expressionType: ExpressionType) {
    this[code] = templateCode
    this[type] = expressionType
  }

  [Symbol.toPrimitive](): never {
    throw new TypeError(`Cannot join "${this[code]}" into text or compute with it in a chart: use text\`...\``)
  }
}

/** The Go template expression, without braces. */
export function codeOf(expression: Expression): string {
  return expression[code]
}

/** What the expression yields. */
export function typeOf(expression: Expression): ExpressionType {
  return expression[type]
}

/** Text joined from literals and expressions. */
export class Text {
  readonly parts: readonly (string | Expression | Conditional)[]
  constructor(parts: readonly (string | Expression | Conditional)[]) {
    this.parts = parts
  }
}

/** A list item, a map entry, an object or a piece of text that exists only if the condition holds. */
export class Conditional {
  readonly condition: Expression
  readonly node: unknown
  constructor(condition: Expression, node: unknown) {
    this.condition = condition
    this.node = node
  }
}

/** List items, one or more for each element of a list of the values. */
export class Loop {
  readonly list: Expression
  readonly variable: string
  readonly items: readonly unknown[]
  constructor(list: Expression, variable: string, items: readonly unknown[]) {
    this.list = list
    this.variable = variable
    this.items = items
  }
}

/** A structured document (YAML) as one text value. */
export class Document {
  readonly root: Data
  constructor(root: Data) {
    this.root = root
  }
}

/** The text of a configuration file, printed as a named template so that a checksum can be taken of it. */
export class ConfigurationFile {
  readonly name: string
  readonly content: Text | Document
  constructor(name: string, content: Text | Document) {
    this.name = name
    this.content = content
  }
}

/** The SHA-256 of configuration files. */
export class Checksum {
  readonly files: readonly (string | Text | Expression | ConfigurationFile)[]
  constructor(files: readonly (string | Text | Expression | ConfigurationFile)[]) {
    this.files = files
  }
}
