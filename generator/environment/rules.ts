import type {Issue} from '../issue/issue.ts'
import {addressIssues} from './address-rules.ts'
import type {Environment} from './schema.ts'
import type {Path, Source} from './source.ts'
import {nearest} from './zod-issues.ts'

type Rule = (source: Source, environment: Environment) => Issue[]

/** Problems across fields, of an environment whose fields are right one by one. `folder` is the name of its folder. */
export function ruleIssues(source: Source, environment: Environment, folder: string): Issue[] {
  const rules: Rule[] = [
    engineIssues,
    addressIssues,
    uniqueNameIssues,
    incompleteNodeIssues,
    edgeChoiceIssues,
    operatorIssues,
    waiverIssues,
  ]
  return [...folderIssues(source, environment, folder), ...rules.flatMap((rule) => rule(source, environment))]
}

function folderIssues(source: Source, {name}: Environment, folder: string): Issue[] {
  if (name === folder) return []
  const message = `Cannot use name "${name}": the folder of the environment is ${folder}`
  return [source.issue({path: ['name'], message, fix: `write ${folder}, or rename the folder`})]
}

/** Argo CD is published for amd64, arm64, ppc64le and s390x, Flux for 32-bit Arm too. */
function engineIssues(source: Source, {git, edge}: Environment): Issue[] {
  if (git.engine === 'flux') return []
  return edge.clusters.flatMap(({name, reconcile, nodes}, index) => {
    const isLocal = (reconcile ?? edge.defaults.reconcile) === 'local'
    if (!isLocal || nodes.some(({arch}) => arch !== 'arm')) return []
    const message = `Cannot run Argo CD in ${name}: it has no image for 32-bit Arm, and no node is of another kind`
    const fix = 'write reconcile: remote for the cluster, engine: flux, or install a 64-bit system on a node'
    return [source.issue({path: ['edge', 'clusters', index, 'name'], message, fix})]
  })
}

/** Folders beside those of the edge clusters. */
const reservedNames: Record<string, string> = {
  cloud: 'the cloud cluster',
  charts: 'the folder of charts from a mirror',
}

function uniqueNameIssues(source: Source, {cloud, edge}: Environment): Issue[] {
  const clusters = edge.clusters.map(({name}, index) => ({name, path: ['edge', 'clusters', index, 'name']}))
  const reserved = clusters.filter(({name}) => Object.hasOwn(reservedNames, name))
  return [
    ...repeated(source, nodeNames(cloud.nodes, ['cloud', 'nodes']), 'nodes of one cluster'),
    ...repeated(source, clusters, 'edge clusters, and so one identity,'),
    ...edge.clusters.flatMap(({nodes}, index) =>
      repeated(source, nodeNames(nodes, ['edge', 'clusters', index, 'nodes']), 'nodes of one cluster'),
    ),
    ...remoteServerIssues(source, edge),
    ...reserved.map(({name, path}) =>
      source.issue({
        path,
        message: `Cannot use name "${name}": it is that of ${reservedNames[name]}`,
        fix: 'write another name',
      }),
    ),
  ]
}

function nodeNames(nodes: readonly {name: string}[], prefix: Path) {
  return nodes.map(({name}, index) => ({name, path: [...prefix, index, 'name']}))
}

/** Behind different NATs two servers may have one address; the cloud, which calls remote ones, could not tell them apart. */
function remoteServerIssues(source: Source, {clusters, defaults}: Environment['edge']): Issue[] {
  const remote = clusters.flatMap(({server, reconcile}, index) =>
    (reconcile ?? defaults.reconcile) === 'remote' ? [{name: server, path: ['edge', 'clusters', index, 'server']}] : [],
  )
  return repeated(source, remote, 'servers of remote edge clusters')
}

function repeated(source: Source, entries: readonly {name: string; path: Path}[], what: string, fix?: string): Issue[] {
  const first = new Map<string, Path>()
  return entries.flatMap(({name, path}) => {
    const earlier = first.get(name)
    if (!earlier) first.set(name, path)
    if (!earlier) return []
    const message = `Cannot use "${name}" twice: two ${what} would have it, the other at ${earlier.join('.')}`
    return [
      source.issue({code: 'duplicate', path, message, fix: fix ?? `write another one, such as ${suggestion(name)}`}),
    ]
  })
}

function suggestion(name: string): string {
  return /^[0-9.]+$/.test(name) ? 'the address of this server' : `${name}-2`
}

function incompleteNodeIssues(source: Source, {cloud, edge}: Environment): Issue[] {
  const groups = [
    {nodes: cloud.nodes, path: ['cloud', 'nodes'] as Path},
    ...edge.clusters.map(({nodes}, index) => ({nodes, path: ['edge', 'clusters', index, 'nodes'] as Path})),
  ]
  return groups.flatMap(({nodes, path}) =>
    nodes.flatMap((node, index) => missingHardware(source, node, [...path, index])),
  )
}

/** Accounts of Elasticsearch itself (elastic.co/docs/deploy-manage/users-roles/cluster-or-deployment-auth) and ours. */
const reservedAccounts = /^(elastic|kibana|grafana|jaeger|retention|admin|beats-system|logstash-system|edge-.*)$/

function operatorIssues(source: Source, {secrets}: Environment): Issue[] {
  const operators = secrets?.operators ?? []
  const entries = (key: 'name' | 'recipient') =>
    operators.map((operator, index) => ({name: operator[key], path: ['secrets', 'operators', index, key]}))
  return [
    ...repeated(source, entries('name'), 'operators'),
    ...repeated(source, entries('recipient'), 'operators', 'write the public key of this operator'),
    ...entries('name')
      .filter(({name}) => reservedAccounts.test(name))
      .map(({name, path}) =>
        source.issue({
          path,
          message: `Cannot use name "${name}" for an operator: a program logs in with it`,
          fix: `write the name of a person, such as ${name.replace(/-.*/, '')}-ops`,
        }),
      ),
  ]
}

function waiverIssues(source: Source, {edge, verify}: Environment): Issue[] {
  const known = ['cloud', ...edge.clusters.map(({name}) => name)]
  return verify.waivers.flatMap(({cluster}, index) => {
    if (cluster === undefined || known.includes(cluster)) return []
    const message = `Cannot waive anything for "${cluster}": there is no such cluster`
    const near = nearest(cluster, known)
    const fix = near ? `write ${near}` : `write one of ${known.slice(0, 5).join(', ')}`
    return [source.issue({path: ['verify', 'waivers', index, 'cluster'], message, fix})]
  })
}

const hardware = {arch: 'arm64', cpu: '4', memory: '4Gi', disk: '32Gi'} as const

function missingHardware(source: Source, node: object & {model?: string | undefined}, path: Path): Issue[] {
  if (node.model) return []
  const missing = Object.keys(hardware).filter(
    (key) => Reflect.get(node, key) === undefined,
  ) as (keyof typeof hardware)[]
  if (missing.length === 0) return []
  const example = missing.map((key) => `${key}: ${hardware[key]}`).join(', ')
  const message = `Cannot plan for a node without ${missing.join(', ')}`
  return [source.issue({code: 'missing-key', path, message, fix: `add ${example}, or a model such as raspberry-pi-4`})]
}

function edgeChoiceIssues(source: Source, {edge}: Environment): Issue[] {
  return edge.clusters.flatMap((cluster, index) => {
    const cni = cluster.cni ?? edge.defaults.cni
    const reconcile = cluster.reconcile ?? edge.defaults.reconcile
    if (cni !== 'smarter' || reconcile === 'remote') return []
    const path = ['edge', 'clusters', index, cluster.cni ? 'cni' : 'name']
    const message = `Cannot use cni smarter with reconcile local in ${cluster.name}: Flux needs the cluster DNS that it lacks`
    return [source.issue({path, message, fix: 'write reconcile: remote for the cluster, or cni: flannel'})]
  })
}
