import {existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {parseAllDocuments} from 'yaml'
import {clusterPrograms} from './cluster-programs.ts'
import {downloadModule} from './go-module.ts'
import {toolsFolder} from './tools.ts'

type Schema = Record<string, unknown>

/** The module of Kubernetes holds an OpenAPI description; 1.37 has all kinds of 1.36, which k3s is pinned to. */
const kubernetes = clusterPrograms.apiServer
const openApi = 'api/openapi-spec/swagger.json'

/** Modules that carry the definitions of Flux's custom resources. */
const fluxModules = [
  clusterPrograms.sourceController,
  clusterPrograms.kustomizeController,
  clusterPrograms.helmController,
]

/** Folder of JSON schemas for kubeconform. */
export function schemaFolder(root: string): string {
  return join(root, toolsFolder, `schemas-${kubernetes.version}`)
}

/** How kubeconform names the schema of a kind. */
export const schemaLocation = '{{.ResourceKind}}{{.KindSuffix}}.json'

/** Writes the schemas of all kinds of Kubernetes and Flux, strict ones: a key that is not in them is an error. */
export async function buildSchemas(root: string): Promise<void> {
  const folder = schemaFolder(root)
  if (existsSync(join(folder, 'complete'))) return
  mkdirSync(folder, {recursive: true})
  const module = await downloadModule(kubernetes.module, kubernetes.version)
  const swagger = JSON.parse(readFileSync(join(module.Dir, openApi), 'utf8')) as {
    definitions: Record<string, Schema>
  }
  writeKubernetesSchemas(folder, swagger.definitions)
  for (const {module, version} of fluxModules) {
    const bases = join((await downloadModule(module, version)).Dir, 'config/crd/bases')
    for (const name of readdirSync(bases)) writeCrdSchemas(folder, readFileSync(join(bases, name), 'utf8'))
  }
  writeFileSync(join(folder, 'complete'), '')
}

interface GroupVersionKind {
  group: string
  version: string
  kind: string
}

function writeKubernetesSchemas(folder: string, definitions: Record<string, Schema>): void {
  const strict = Object.fromEntries(Object.entries(definitions).map(([name, schema]) => [name, tighten(schema)]))
  for (const [name, schema] of Object.entries(definitions)) {
    const kinds = (schema['x-kubernetes-group-version-kind'] ?? []) as GroupVersionKind[]
    if (kinds.length !== 1 || name.endsWith('List')) continue
    const needed = reachable(name, strict)
    const bundle = {$ref: `#/definitions/${name}`, definitions: needed}
    writeSchema(folder, kinds[0] as GroupVersionKind, bundle)
  }
}

function reachable(name: string, definitions: Record<string, Schema>): Record<string, Schema> {
  const found: Record<string, Schema> = {}
  const waiting = [name]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const schema = definitions[next]
    if (!schema || next in found) continue
    found[next] = schema
    for (const match of JSON.stringify(schema).matchAll(/"#\/definitions\/([^"]+)"/g)) waiting.push(match[1] ?? '')
  }
  return found
}

/** Writes the schemas of the custom resources that a file defines; gives back how many. */
export function writeCrdSchemas(folder: string, yaml: string): number {
  mkdirSync(folder, {recursive: true})
  const documents = parseAllDocuments(yaml, {uniqueKeys: false}).map(
    (document) => document.toJS() as CustomResourceDefinition | null,
  )
  const crds = documents.filter((document) => document?.kind === 'CustomResourceDefinition')
  return crds.flatMap((crd) => crd?.spec.versions.map((version) => writeCrdVersion(folder, crd, version)) ?? []).length
}

interface CustomResourceDefinition {
  kind: string
  spec: {
    group: string
    names: {kind: string}
    versions: {name: string; schema: {openAPIV3Schema: Schema & {properties: Record<string, Schema>}}}[]
  }
}

function writeCrdVersion(
  folder: string,
  {spec}: CustomResourceDefinition,
  {name, schema}: CustomResourceDefinition['spec']['versions'][number],
): void {
  const strict = tighten(schema.openAPIV3Schema) as Schema & {properties: Record<string, Schema>}
  const properties = {...strict.properties, metadata: {type: 'object', required: ['name']}}
  writeSchema(folder, {group: spec.group, version: name, kind: spec.names.kind}, {...strict, properties})
}

function writeSchema(folder: string, {group, version, kind}: GroupVersionKind, schema: Schema): void {
  const groupPart = group ? `-${group.split('.')[0]}` : ''
  writeFileSync(join(folder, `${kind.toLowerCase()}${groupPart}-${version}.json`.toLowerCase()), JSON.stringify(schema))
}

/** Objects take no unknown keys; amounts may be numbers, and IntOrString is what it says. */
function tighten(schema: Schema): Schema {
  if (schema['x-kubernetes-int-or-string'] || schema.format === 'int-or-string') {
    return {oneOf: [{type: 'string'}, {type: 'integer'}]}
  }
  if (isQuantity(schema)) return {oneOf: [{type: 'string'}, {type: 'number'}]}
  const result = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, tightenMember(key, value)]))
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] || schema.additionalProperties !== undefined
  if (schema.properties && !isOpen) result.additionalProperties = false
  return result
}

function isQuantity({description}: Schema): boolean {
  return typeof description === 'string' && description.startsWith('Quantity is a fixed-point representation')
}

function tightenMember(key: string, value: unknown): unknown {
  if (key === 'properties' || key === 'definitions') {
    return Object.fromEntries(Object.entries(value as Schema).map(([name, inner]) => [name, tighten(inner as Schema)]))
  }
  if (key === 'items' || key === 'additionalProperties') {
    return typeof value === 'object' && value !== null ? tighten(value as Schema) : value
  }
  return value
}
