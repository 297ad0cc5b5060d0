import {createHash} from 'node:crypto'
import type {Data} from '../yaml/data.ts'
import {printYaml} from '../yaml/print.ts'
import {Checksum, Conditional, ConfigurationFile, codeOf, Document, Expression, Loop, Text} from './expression.ts'
import {elementOf} from './symbolic.ts'

// Each helper is evaluated at once on concrete values and becomes a node for the chart's printer on expressions.
// The return types are those of the concrete case, so that objects type-check against the Kubernetes models.

type Primitive = string | number | boolean
type Part = Primitive | undefined

/** Joins text and values: text`${value.host}:${value.port}`. Undefined parts (see `when`) vanish. */
export function text(literals: TemplateStringsArray, ...values: Part[]): string {
  const parts = literals.flatMap((literal, index) => (index < values.length ? [literal, values[index]] : [literal]))
  return joinParts(parts)
}

/** The lines, each ended by a line feed; undefined ones (see `when`) vanish with their line feed. */
export function lines(...content: Part[]): string {
  const parts = content.flatMap((line): unknown[] => {
    const node = line as unknown
    if (node === undefined) return []
    if (node instanceof Conditional) return [new Conditional(node.condition, joinParts([node.node, '\n']))]
    return [node, '\n']
  })
  return joinParts(parts)
}

function joinParts(parts: readonly unknown[]): string {
  const flat = parts.flatMap((part): readonly unknown[] => (part instanceof Text ? part.parts : [part]))
  if (!flat.some(isNode)) return flat.map((part) => (part === undefined ? '' : String(part))).join('')
  return new Text(mergeLiterals(flat)) as unknown as string
}

function mergeLiterals(parts: readonly unknown[]): (string | Expression | Conditional)[] {
  const merged: (string | Expression | Conditional)[] = []
  for (const part of parts) {
    if (part instanceof Expression || part instanceof Conditional) merged.push(part)
    else if (part !== undefined && typeof merged.at(-1) === 'string') merged.push(`${merged.pop()}${part}`)
    else if (part !== undefined) merged.push(String(part))
  }
  return merged.filter((part) => part !== '')
}

function isNode(part: unknown): boolean {
  return part instanceof Expression || part instanceof Conditional || part instanceof Text
}

/** `node` if the condition holds, else nothing: for a list item, a map entry, an object or a part of text. */
export function when<Node>(condition: boolean, node: Node): Node | undefined {
  if (isExpression(condition)) return new Conditional(condition, node) as unknown as Node
  return condition ? node : undefined
}

/** For each element of the list the items that `render` returns; spread the result into a list. */
export function each<Element, Item>(list: readonly Element[], render: (element: Element) => readonly Item[]): Item[] {
  if (!isExpression(list)) return list.flatMap((item) => render(item))
  const variable = `$item${loopDepth}`
  loopDepth += 1
  try {
    return [new Loop(list, variable, render(elementOf(list, variable) as Element)) as unknown as Item]
  } finally {
    loopDepth -= 1
  }
}

let loopDepth = 0

/** Whether the value equals the literal. */
export function equals<Value extends Primitive>(value: Value, literal: Value): boolean {
  if (!isExpression(value)) return value === literal
  return new Expression(`(eq ${codeOf(value)} ${JSON.stringify(literal)})`, 'boolean') as unknown as boolean
}

/** Whether the value is false, empty or missing. */
export function not(value: boolean): boolean {
  if (!isExpression(value)) return !value
  return new Expression(`(not ${codeOf(value)})`, 'boolean') as unknown as boolean
}

/** Whether the string or list has content. */
export function filled(value: string | readonly unknown[]): boolean {
  if (!isExpression(value)) return value.length > 0
  return new Expression(codeOf(value), 'boolean') as unknown as boolean
}

/** A number times a factor, such as mebibytes in bytes. */
export function times(value: number, factor: number): number {
  if (!isExpression(value)) return value * factor
  return new Expression(`(mul (int64 ${codeOf(value)}) ${factor})`, 'number') as unknown as number
}

/** A file for a ConfigMap: text, or a map that becomes YAML. It ends with one line feed. */
export function configurationFile(name: string, content: string | Data): string {
  const node = content as unknown
  if (node instanceof Text) return new ConfigurationFile(name, node) as unknown as string
  if (typeof node === 'string') return `${node.trim()}\n`
  if (containsNode(node)) return new ConfigurationFile(name, new Document(node as Data)) as unknown as string
  return `${printYaml(node as Data, {scalars: 'json'}).trim()}\n`
}

/** SHA-256 of the files in hexadecimal: an annotation with it restarts a pod when its configuration changes. */
export function checksum(files: Record<string, string>): string {
  const contents = Object.values(files)
  if (contents.some((content) => typeof content !== 'string')) return new Checksum(contents) as unknown as string
  return sha256(contents.join(''))
}

export function sha256(content: string): string {
  return createHash('sha256').update(content).digest('hex')
}

/** INI text: `[section]` and `key = value` lines; undefined entries vanish. */
export function ini(sections: Record<string, Record<string, Part>>): string {
  return lines(
    ...Object.entries(sections).flatMap(([section, entries]) => [
      `[${section}]`,
      ...Object.entries(entries).map(([key, entry]) => iniLine(key, entry)),
    ]),
  )
}

function iniLine(key: string, entry: Part): Part {
  const node = entry as unknown
  if (node === undefined) return undefined
  if (node instanceof Conditional) {
    return new Conditional(node.condition, joinParts([`    ${key} = `, node.node])) as unknown as string
  }
  return joinParts([`    ${key} = `, node])
}

function isExpression(value: unknown): value is Expression {
  return value instanceof Expression
}

function containsNode(node: unknown): boolean {
  if (typeof node !== 'object' || node === null) return false
  if (Array.isArray(node)) return node.some(containsNode)
  if (Object.getPrototypeOf(node) !== Object.prototype) return true
  return Object.values(node).some(containsNode)
}
