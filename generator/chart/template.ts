import type {KubernetesObject} from '../component.ts'
import {
  Checksum,
  Conditional,
  ConfigurationFile,
  codeOf,
  Document,
  Expression,
  Loop,
  Text,
  typeOf,
} from '../expression/expression.ts'
import type {Data} from '../yaml/data.ts'
import {type Fragment, printYaml} from '../yaml/print.ts'

/** Template files of a subchart, by their name under `templates/`. */
export type Templates = Record<string, string>

/**
 * Prints objects with expressions in them as Helm templates. Configuration files become named templates in files
 * of their own (`_netdata.conf.tpl`), so that people can read them and a checksum can be taken of them.
 */
export function printTemplates(component: string, objects: readonly (KubernetesObject | undefined)[]): Templates {
  const templates: Templates = {}
  const printer = templatePrinter(component, templates)
  for (const object of objects) {
    if (object !== undefined) printObject(object, printer, templates)
  }
  return templates
}

function printObject(node: unknown, printer: (data: Data) => string, templates: Templates): void {
  const conditional = node instanceof Conditional ? node : undefined
  const object = (conditional ? conditional.node : node) as KubernetesObject
  const body = printer(object)
  const name = fileName(object, templates)
  templates[name] = conditional ? `{{- if ${codeOf(conditional.condition)} }}\n${body}{{- end }}\n` : body
}

/** By kind; where that is taken, by kind and name; where one name has several conditions, with a number. */
function fileName({kind, metadata}: KubernetesObject, templates: Templates): string {
  const short = kind.toLowerCase()
  const long = `${short}-${metadata.name}`
  const numbered = Object.keys(templates).map((_, index) => `${long}-${index + 2}`)
  const name = [short, long, ...numbered].find((candidate) => !(`${candidate}.yaml` in templates))
  return `${name}.yaml`
}

function templatePrinter(component: string, templates: Templates): (data: Data) => string {
  const extension = (node: object): Fragment => {
    if (node instanceof Expression) return {scalar: `{{ ${codeOf(node)} | toJson }}`}
    if (node instanceof Text) return {scalar: `{{ ${joinedCode(node)} | toJson }}`}
    if (node instanceof ConfigurationFile) return {scalar: `{{ ${fileCode(node)} | toJson }}`}
    if (node instanceof Checksum) return {scalar: `{{ ${checksumCode(node)} | sha256sum }}`}
    if (node instanceof Conditional) return conditionalLines(node)
    if (node instanceof Loop) return loopLines(node)
    throw new TypeError(`Cannot print a ${node.constructor.name} into a chart`)
  }
  const fileCode = (file: ConfigurationFile): string => {
    const name = `${component}.${file.name}`
    templates[`_${file.name}.tpl`] = namedTemplate(name, file, extension)
    return `printf "%s\\n" (include ${JSON.stringify(name)} $)`
  }
  const checksumCode = ({files}: Checksum): string => {
    const parts = files.map((file) => (file instanceof ConfigurationFile ? `(${fileCode(file)})` : textCode(file)))
    return `print ${parts.join(' ')}`
  }
  return (data) => printYaml(data, {extension, escape: escapeMarks})
}

function conditionalLines({condition, node}: Conditional): Fragment {
  return {open: `{{- if ${codeOf(condition)} }}`, close: '{{- end }}', nodes: [node as Data]}
}

function loopLines({list, variable, items}: Loop): Fragment {
  return {open: `{{- range ${variable} := ${codeOf(list)} }}`, close: '{{- end }}', nodes: items as Data[]}
}

function namedTemplate(name: string, {content}: ConfigurationFile, extension: (node: object) => Fragment): string {
  const body =
    content instanceof Document
      ? printYaml(content.root, {scalars: 'json', extension, escape: escapeMarks})
      : content.parts.map((part) => (typeof part === 'string' ? escapeMarks(part) : textPart(part))).join('')
  return `{{- define ${JSON.stringify(name)} -}}\n${body.trim()}\n{{- end -}}\n`
}

function textPart(part: Expression | Conditional): string {
  if (part instanceof Expression) return `{{ ${inlineCode(part)} }}`
  const node = part.node
  const body =
    node instanceof Text
      ? node.parts.map((inner) => (typeof inner === 'string' ? escapeMarks(inner) : textPart(inner))).join('')
      : node instanceof Expression
        ? textPart(node)
        : escapeMarks(String(node))
  return `{{ if ${codeOf(part.condition)} }}${body}{{ end }}`
}

/** Text as one Go template expression; a number goes through toJson, which does not print 2.68435456e+08. */
function joinedCode({parts}: Text): string {
  const format = parts.map((part) => (typeof part === 'string' ? part.replaceAll('%', '%%') : '%s')).join('')
  const values = parts.filter((part) => typeof part !== 'string').map((part) => ` ${partCode(part)}`)
  return `printf ${goString(format)}${values.join('')}`
}

function partCode(part: string | Expression | Conditional): string {
  if (part instanceof Expression) return typeOf(part) === 'string' ? codeOf(part) : `(${codeOf(part)} | toJson)`
  if (part instanceof Conditional) {
    const inner = part.node instanceof Text ? `(${joinedCode(part.node)})` : partOrLiteral(part.node)
    return `(ternary ${inner} "" (not (empty ${codeOf(part.condition)})))`
  }
  return goString(String(part))
}

/** Text, one value or a literal, as an argument of a template function. */
function textCode(node: string | Text | Expression): string {
  return node instanceof Text ? `(${joinedCode(node)})` : partOrLiteral(node)
}

function partOrLiteral(node: unknown): string {
  return node instanceof Expression ? partCode(node) : goString(String(node))
}

function inlineCode(expression: Expression): string {
  return typeOf(expression) === 'string' ? codeOf(expression) : `${codeOf(expression)} | toJson`
}

function goString(value: string): string {
  return JSON.stringify(value)
}

/** Literal template marks, such as those of Grafana legends, must reach the cluster as they are. */
function escapeMarks(literal: string): string {
  return literal.replaceAll('{{', '{{ "{{" }}')
}
