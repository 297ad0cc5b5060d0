import {renderChart, renderMirroredChart} from './chart/chart.ts'
import {vendoredIssues} from './chart/vendored.ts'
import type {LayerDefinition, Site} from './component.ts'
import {findEnvironments} from './environment/find.ts'
import {environmentJsonSchema, schemaPath} from './environment/json-schema.ts'
import {type ReadEnvironment, readEnvironment} from './environment/read.ts'
import {readSealed} from './environment/sealed.ts'
import {engineOf} from './gitops/engines.ts'
import {releasesOf} from './gitops/releases.ts'
import {sopsConfiguration} from './gitops/sops-configuration.ts'
import {hasErrors, type Issue, IssueError} from './issue/issue.ts'
import {readImageLock} from './model/image-lock.ts'
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
  plans: readonly Plan[]
}

/** An environment and its clusters. */
export interface Plan {
  read: ReadEnvironment
  sites: readonly Site[]
}

/** The first half of the flow: every environment with its clusters, and all problems of the files. */
export function planRepository(root: string, layers: readonly LayerDefinition[], issues: Issue[]): Plan[] {
  const digests = lockedDigests(root, issues)
  return findEnvironments(root, issues).flatMap((file) => {
    const read = readEnvironment(file, layers, issues)
    if (!read) return []
    const sealedOf = (cluster: string) => readSealed({root, environment: file.name, cluster}, issues)
    const plan = {read, sites: sitesOf(read.environment, layers, sealedOf, digests)}
    issues.push(...orphanIssues(plan))
    return [plan]
  })
}

/** The digests that are known of images. */
function lockedDigests(root: string, issues: Issue[]): Map<string, string> {
  try {
    const entries = [...readImageLock(root)].flatMap(([reference, {digest}]): [string, string][] =>
      digest ? [[reference, digest]] : [],
    )
    return new Map(entries)
  } catch (error) {
    if (!(error instanceof IssueError)) throw error
    issues.push(...error.issues)
    return new Map()
  }
}

/** Encrypted Secrets whose readers are not named any more. */
function orphanIssues({read, sites}: Plan): Issue[] {
  const sealed = sites.find((site) => site.sealed)
  if (read.environment.secrets || !sealed) return []
  const {name} = read.environment
  const message = `Cannot do without key "secrets": the clusters have encrypted Secrets, such as clusters/${name}/${sealed.cluster.name}/secrets.sops.yaml`
  const fix = 'name the operators who can read them, or remove those files'
  return [read.source.issue({code: 'missing-key', path: ['secrets'], message, fix})]
}

/** The whole flow in memory: environment files in, everything that is rendered and all problems out. */
export function renderRepository(root: string, layers: readonly LayerDefinition[]): Rendered {
  const issues: Issue[] = []
  const plans = planRepository(root, layers, issues)
  issues.push(...plans.flatMap(({read, sites}) => imageIssues(read, sites, layers)))
  issues.push(...vendoredIssues(root, layers))
  const clusters = plans.reduce((sum, {sites}) => sum + sites.length, 0)
  const counts = {environments: plans.length, clusters}
  if (hasErrors(issues)) return {files: [], issues, counts, plans}
  const order = {cloud: orderLayers(layers, 'cloud'), edge: orderLayers(layers, 'edge')}
  const files = [
    ...layers.flatMap((layer) => renderChart(layer)),
    {path: schemaPath, content: environmentJsonSchema(layers)},
    ...plans.flatMap((plan) => renderEnvironment(plan, layers, order)),
    ...sopsConfiguration(plans.flatMap(({sites}) => sites)),
  ]
  return {files, issues, counts, plans}
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
