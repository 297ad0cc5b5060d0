import {cpSync, mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {parseAllDocuments} from 'yaml'
import type {KubernetesObject, OwnComponent, Values} from '../../generator/component.ts'
import {layerDefinitions} from '../../generator/components/index.ts'
import {printYaml} from '../../generator/yaml/print.ts'
import {root} from './paths.ts'
import {helm} from './programs.ts'

/** Every own component with the layer it is in. */
export const ownComponents = layerDefinitions.flatMap(({layer, components}) =>
  components.filter((component) => component.kind === 'own').map((component) => ({layer, component})),
)

/** Folder of a component's committed subchart. */
export function subchartFolder(layer: string, name: string): string {
  return join(root, 'charts', layer, 'charts', name)
}

/**
 * What `helm template` makes of a committed subchart with each of these values: one chart with an alias of the
 * subchart for each, because starting helm takes longer than rendering.
 */
export async function helmObjects(options: {
  folder: string
  layer: string
  component: OwnComponent
  values: readonly Values[]
}): Promise<KubernetesObject[][]> {
  const {folder, layer, component, values} = options
  const {name} = component
  const aliases = values.map((_, index) => `v${index}`)
  mkdirSync(join(folder, 'charts'), {recursive: true})
  cpSync(subchartFolder(layer, name), join(folder, 'charts', name), {recursive: true})
  const dependencies = aliases.map((alias) => ({name, version: '0.1.0', alias}))
  writeFileSync(join(folder, 'Chart.yaml'), printYaml({apiVersion: 'v2', name: 'all', version: '0.1.0', dependencies}))
  const file = Object.fromEntries(aliases.map((alias, index) => [alias, values[index]]))
  writeFileSync(join(folder, 'values.yaml'), printYaml(file))
  const {stdout, stderr, exitCode} = await helm('template', 'release', folder)
  if (exitCode !== 0) throw new Error(stderr)
  return groupBySource(stdout, aliases)
}

/** Objects by the alias in the comment `# Source: all/charts/v3/templates/x.yaml` that helm writes above each. */
function groupBySource(output: string, aliases: readonly string[]): KubernetesObject[][] {
  const groups = new Map(aliases.map((alias): [string, KubernetesObject[]] => [alias, []]))
  for (const part of output.split(/^---$/m)) {
    const alias = /^# Source: all\/charts\/([^/]+)\//m.exec(part)?.[1]
    const objects = parseAllDocuments(part, {version: '1.1'}).map(
      (document) => document.toJS() as KubernetesObject | null,
    )
    for (const object of objects) if (alias && object) groups.get(alias)?.push(object)
  }
  return aliases.map((alias) => groups.get(alias) ?? [])
}

/** Objects in an order that does not depend on who made them. */
export function sortedObjects(objects: readonly KubernetesObject[]): KubernetesObject[] {
  const key = ({apiVersion, kind, metadata}: KubernetesObject) => `${apiVersion}/${kind}/${metadata.name}`
  return [...objects].sort((a, b) => (key(a) < key(b) ? -1 : 1))
}
