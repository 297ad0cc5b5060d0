import {renderChart, renderMirroredChart} from './chart/chart.ts'
import {vendoredIssues} from './chart/vendored.ts'
import type {LayerDefinition, Site} from './component.ts'
import {findEnvironments} from './environment/find.ts'
import {environmentJsonSchema, schemaPath} from './environment/json-schema.ts'
import {type ReadEnvironment, readEnvironment} from './environment/read.ts'
import {engineOf} from './gitops/engines.ts'
import {releasesOf} from './gitops/releases.ts'
import {hasErrors, type Issue} from './issue/issue.ts'
import {imageIssues} from './model/image-rules.ts'
import {type OrderedLayer, orderLayers} from './model/order.ts'
import {sitesOf} from './model/sites.ts'
import {environmentReadme} from './readme/environment-readme.ts'
import type {RenderedFile} from './rendered-file.ts'
import {renderValues} from './values/values.ts'

export interface Rendered {
  files: RenderedFile[]
  issues: Issue[]
  counts: {environments: number; clusters: number}
}

/** The whole flow in memory: environment files in, everything that is rendered and all problems out. */
export function renderRepository(root: string, layers: readonly LayerDefinition[]): Rendered {
  const issues: Issue[] = []
  const environments = findEnvironments(root, issues)
    .map((file) => readEnvironment(file, layers, issues))
    .filter((read) => read !== undefined)
  const plans = environments.map((read) => ({read, sites: sitesOf(read.environment, layers)}))
  issues.push(...plans.flatMap(({read, sites}) => imageIssues(read, sites, layers)))
  issues.push(...vendoredIssues(root, layers))
  const clusters = plans.reduce((sum, {sites}) => sum + sites.length, 0)
  const counts = {environments: plans.length, clusters}
  if (hasErrors(issues)) return {files: [], issues, counts}
  const order = {cloud: orderLayers(layers, 'cloud'), edge: orderLayers(layers, 'edge')}
  const files = [
    ...layers.flatMap((layer) => renderChart(layer)),
    {path: schemaPath, content: environmentJsonSchema(layers)},
    ...plans.flatMap((plan) => renderEnvironment(plan, layers, order)),
  ]
  return {files, issues, counts}
}

interface Plan {
  read: ReadEnvironment
  sites: readonly Site[]
}

type Order = Record<'cloud' | 'edge', readonly OrderedLayer[]>

function renderEnvironment({read, sites}: Plan, layers: readonly LayerDefinition[], order: Order): RenderedFile[] {
  const engine = engineOf(read.environment)
  return [
    environmentReadme(sites, layers),
    ...layers.flatMap((layer) => renderMirroredChart(layer, read.environment)),
    ...sites.flatMap((site) => [
      ...renderValues(site, layers),
      ...engine.render(site, releasesOf(site, layers, order[site.cluster.role])),
    ]),
  ]
}
