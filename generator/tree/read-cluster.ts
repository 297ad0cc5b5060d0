import {parseAllDocuments} from 'yaml'
import type {Component, KubernetesObject, LayerDefinition, Site, Values} from '../component.ts'
import {clusterFolder} from '../gitops/engine.ts'
import {IssueError} from '../issue/issue.ts'
import {isTree, merge} from '../model/merge.ts'
import {objectsOf} from '../model/objects.ts'
import {defaultValuesOf, isEnabled, valuesOf} from '../model/values.ts'
import {layersOf, layerValues, valuesPath} from '../values/values.ts'
import {run} from '../verify/run.ts'
import {neededTool, tools} from '../verify/tools.ts'
import type {TreeFiles} from './files.ts'
import {inNamespace, type KustomizeList, type Placed, type RenderedCluster, type UpstreamRelease} from './tree.ts'

/**
 * A cluster as the files of the repository say. What is byte for byte what is rendered is taken from memory, because
 * objects of own charts in memory equal what helm makes of the templates (test/chart/template.test.ts); what was
 * changed by hand is read, and a changed chart goes through the real helm.
 */
export async function readCluster(
  files: TreeFiles,
  site: Site,
  layers: readonly LayerDefinition[],
): Promise<RenderedCluster> {
  const objects: Placed[] = []
  const charts: UpstreamRelease[] = []
  for (const definition of layersOf(site, layers)) {
    const {layer, namespace, components} = definition
    const file = valuesPath(site.environment.name, site.cluster.name, layer)
    const valuesIn = valuesReader(files, file, definition, site)
    for (const component of components) {
      const values = valuesIn(component)
      if (!values) continue
      if (component.kind === 'upstream') charts.push({component, layer, namespace, values, file})
      else {
        const found = await objectsIn(files, definition, component, values)
        for (const {object, file: template = file} of found) {
          objects.push({object: inNamespace(object, namespace), layer, component: component.name, file: template})
        }
      }
    }
  }
  return {site, objects, charts, ...engineObjects(files, site)}
}

/** The values of a component in a cluster, by the files; undefined where it is switched off. */
function valuesReader(files: TreeFiles, file: string, {layer}: LayerDefinition, site: Site) {
  const chartFile = `charts/${layer}/values.yaml`
  const isRendered = files.isAsRendered(file) && isChartAsRendered(files, chartFile)
  const own = isRendered ? {} : valuesOfFile(files, file)
  const shared = isChartAsRendered(files, chartFile) ? {} : valuesOfFile(files, chartFile)
  return (component: Component) => {
    const ownFile = `charts/${layer}/charts/${component.name}/values.yaml`
    const isAsRendered = component.kind === 'upstream' || isChartAsRendered(files, ownFile)
    if (isRendered && isAsRendered) return isEnabled(component, site) ? valuesOf(component, site) : undefined
    const defaults = isAsRendered ? defaultValuesOf(component) : ((files.documents(ownFile)[0] ?? {}) as Values)
    const ofSite = isRendered
      ? (layerValues({components: [component]}, site)[component.name] as Values)
      : own[component.name]
    const values = merge(defaults, shared[component.name] ?? {}, ofSite ?? {})
    const isOff = ofSite?.enabled === false && component.enabled !== undefined
    return isOff ? undefined : values
  }
}

function valuesOfFile(files: TreeFiles, file: string): Record<string, Values | undefined> {
  const document = files.documents(file)[0] ?? {}
  if (isTree(document) && Object.values(document).every(isTree)) return document as Record<string, Values>
  const message = 'Cannot use these values: expected a map of components, each with a map of values'
  throw new IssueError({severity: 'error', code: 'values', file, message, fix: 'run npm run render, which writes it'})
}

const compared = new WeakMap<TreeFiles, Map<string, boolean>>()

/** Charts are shared by all clusters: each is compared once. */
function isChartAsRendered(files: TreeFiles, path: string): boolean {
  const known = compared.get(files) ?? new Map<string, boolean>()
  compared.set(files, known)
  const found = known.get(path) ?? (path.endsWith('.yaml') ? files.isAsRendered(path) : files.isFolderAsRendered(path))
  known.set(path, found)
  return found
}

async function objectsIn(
  files: TreeFiles,
  {layer, namespace}: LayerDefinition,
  component: Component & {kind: 'own'},
  values: Values,
): Promise<{object: KubernetesObject; file?: string}[]> {
  const chart = `charts/${layer}/charts/${component.name}`
  if (isChartAsRendered(files, chart)) return objectsOf(component, values).map((object) => ({object}))
  const helm = await neededTool(files.root, tools.helm)
  const args = ['template', layer, chart, '--namespace', namespace, '--values', '-']
  const {stdout, stderr, exitCode} = await run(helm, args, {cwd: files.root, input: JSON.stringify(values)})
  if (exitCode !== 0) throw brokenChart(chart, stderr)
  return stdout.split(/^---$/m).flatMap((text) => {
    // Helm says above each document which template it comes from.
    const template = /^# Source: [^/]+\/(\S+)$/m.exec(text)?.[1] ?? 'templates'
    const documents = parseAllDocuments(text, {uniqueKeys: false, version: '1.1'}).map((each) => each.toJS() as unknown)
    return documents.filter(isObject).map((object) => ({object, file: `${chart}/${template}`}))
  })
}

function brokenChart(file: string, stderr: string): IssueError {
  const message = `Cannot render this chart, which was changed by hand: ${reasonOf(stderr)}`
  return new IssueError({severity: 'error', code: 'chart', file, message, fix: 'run npm run render, which restores it'})
}

/** Helm ends with advice; what is wrong stands in the line before. */
function reasonOf(stderr: string): string {
  const lines = stderr.trim().split('\n')
  return (lines.find((line) => line.startsWith('Error: ')) ?? lines[0] ?? '').replace(/^Error: /, '')
}

function isObject(document: unknown): document is KubernetesObject {
  return isTree(document) && typeof document.kind === 'string' && isTree(document.metadata)
}

/** What stands in the folder of the cluster, but for what is encrypted. */
function engineObjects(files: TreeFiles, {environment, cluster}: Site): Pick<RenderedCluster, 'engine' | 'lists'> {
  const folder = clusterFolder(environment, cluster.name)
  const engine: Placed[] = []
  const lists: KustomizeList[] = []
  const names = files.list(folder).filter((name) => /\.ya?ml$/.test(name) && name !== 'secrets.sops.yaml')
  for (const name of names) {
    const file = `${folder}/${name}`
    for (const document of files.documents(file)) {
      if (isObject(document)) engine.push({object: document, file})
      else if (isTree(document)) lists.push({file, resources: (document.resources ?? []) as string[]})
    }
  }
  return {engine, lists}
}
