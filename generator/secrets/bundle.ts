import {type Document, parseAllDocuments, visit} from 'yaml'
import {type Issue, IssueError} from '../issue/issue.ts'
import type {Data} from '../yaml/data.ts'
import {printYaml} from '../yaml/print.ts'

/** A Secret with its values. */
export interface PlainSecret {
  namespace: string
  name: string
  /** Readable without a key. */
  annotations: Record<string, string>
  values: Record<string, string>
  /** What else somebody has written into it, such as labels, a type, or data in base64. */
  rest?: {metadata: Record<string, unknown>; object: Record<string, unknown>}
}

/** The Secrets of a cluster by namespace/name, in the order of their file. */
export type Bundle = Map<string, PlainSecret>

interface SecretObject {
  metadata: {name: string; namespace: string; annotations?: Record<string, string>}
  stringData?: Record<string, unknown>
}

export function idOf({namespace, name}: {namespace: string; name: string}): string {
  return `${namespace}/${name}`
}

/** Whether two Secrets hold the same. */
export function isSame(a: PlainSecret | undefined, b: PlainSecret | undefined): boolean {
  const entries = (secret: PlainSecret | undefined) => JSON.stringify(Object.entries(secret?.values ?? {}).sort())
  return a !== undefined && b !== undefined && entries(a) === entries(b)
}

/** What sops decrypted of the file at a path, as Secrets. */
export function parseBundle(path: string, yaml: string): Bundle {
  const secrets = parseSopsYaml(yaml).map((document) => parseSecret(path, document as SecretObject))
  return new Map(secrets.map((secret) => [idOf(secret), secret]))
}

/** The documents of YAML that sops has written, as it means them. */
export function parseSopsYaml(yaml: string): unknown[] {
  return parseAllDocuments(yaml).map((document) => {
    keepHugeNumbers(document)
    return document.toJS() as unknown
  })
}

/** The YAML of Go, in which sops writes, takes a number that is too large for it for text, such as 67e80452. */
function keepHugeNumbers(document: Document): void {
  visit(document, {
    Scalar(_, scalar) {
      if (typeof scalar.value === 'number' && !Number.isFinite(scalar.value)) scalar.value = scalar.source
    },
  })
}

function parseSecret(path: string, {metadata, stringData = {}, ...object}: SecretObject): PlainSecret {
  const {name, namespace, annotations = {}, ...others} = metadata
  const [wrong] = Object.entries(stringData).filter(([, value]) => typeof value !== 'string')
  if (wrong) throw new IssueError(noText(path, {namespace, name}, wrong[0]))
  const {apiVersion: _, kind: __, ...rest} = object as Record<string, unknown>
  const hasRest = Object.keys(others).length + Object.keys(rest).length > 0
  return {
    namespace,
    name,
    annotations,
    values: stringData as Record<string, string>,
    ...(hasRest ? {rest: {metadata: others, object: rest}} : {}),
  }
}

/** Secrets as Kubernetes objects, to be encrypted. */
export function printBundle(bundle: Bundle): string {
  const documents = [...bundle.values()].map(({namespace, name, annotations, values, rest}) =>
    printYaml({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {name, namespace, ...rest?.metadata, annotations},
      ...rest?.object,
      ...(Object.keys(values).length > 0 ? {stringData: values} : {}),
    } as Data),
  )
  return documents.join('---\n')
}

function noText(file: string, secret: {namespace: string; name: string}, key: string): Issue {
  return {
    severity: 'error',
    code: 'sealed',
    file,
    message: `Cannot use ${key} of Secret ${idOf(secret)}: Kubernetes takes only text there`,
    fix: `write the value in quotes: sops edit ${file}`,
  }
}
