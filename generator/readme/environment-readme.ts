import {readFileSync} from 'node:fs'
import Handlebars from 'handlebars'
import {versionOf} from '../chart/readme.ts'
import type {Component, LayerDefinition, Site} from '../component.ts'
import {engineOf} from '../gitops/engines.ts'
import {imagesOf} from '../model/images.ts'
import {isEnabled} from '../model/values.ts'
import type {RenderedFile} from '../rendered-file.ts'
import {markdownBanner} from '../rendered-file.ts'
import {layersOf} from '../values/values.ts'
import {topology} from './topology.ts'

/** Beyond this many edge clusters the page shows the first ones and says how many there are. */
const shownClusters = 20

const source = readFileSync(new URL('./environment.hbs', import.meta.url), 'utf8')
const template = Handlebars.compile(source, {noEscape: true, strict: true})

/** environments/<env>/README.md: topology, pages, what runs where, and where each credential is. */
export function environmentReadme(sites: readonly Site[], layers: readonly LayerDefinition[]): RenderedFile {
  const [cloud, ...edges] = sites as [Site, ...Site[]]
  const {environment} = cloud
  const path = `environments/${environment.name}/README.md`
  const content = template({
    banner: markdownBanner(`environments/${environment.name}/environment.yaml`),
    name: environment.name,
    topology: topology(cloud, edges.slice(0, shownClusters), edges.length - shownClusters),
    pages: pagesOf(cloud),
    trust: trust[environment.cloud.certificates.issuer],
    clusters: [cloud, ...edges.slice(0, shownClusters)].map(describeCluster),
    more: Math.max(0, edges.length - shownClusters),
    labels: [cloud, ...edges.slice(0, shownClusters)].flatMap(labelCommands),
    components: describeComponents(sites, layers),
    secrets: secretsOf(cloud, edges, layers),
  })
  return {path, content: `${content.trim()}\n`}
}

const trust = {
  'environment-ca': "Browsers trust the pages once they trust the environment's own authority.",
  'self-signed':
    'Browsers warn, because an authority inside the cluster signs the pages; its certificate is `ca.crt` of Secret `environment-ca` in namespace cloud-operators.',
  acme: 'Browsers trust the pages.',
}

function pagesOf({hostname}: Site) {
  const login = (secret: string) => `Secret \`${secret}\` in namespace observability`
  return [
    {title: 'Traces (Jaeger)', service: 'jaeger-query', login: login('operator-login')},
    {title: 'Logs (Kibana)', service: 'kibana', login: login('elasticsearch-users')},
    {title: 'Metrics now (Netdata)', service: 'netdata', login: login('operator-login')},
    {title: 'Dashboards (Grafana)', service: 'grafana', login: login('grafana-admin')},
  ].map(({service, ...page}) => ({...page, url: `https://${hostname(service)}`}))
}

function describeCluster({cluster}: Site) {
  const nodes = cluster.nodes.map(({name, arch, memory}) => `${name} (${arch}, ${memory})`).join(', ')
  const {name, cni, uplink, demo} = cluster
  const reconcile = cluster.reconcile === 'local' ? 'by itself' : 'by the cloud'
  const server = cluster.server ?? cluster.nodes[0]?.address ?? ''
  return {
    name,
    server,
    reconcile,
    cni,
    demo: demo ? 'on' : 'off',
    uplink: cluster.role === 'cloud' ? '-' : uplink,
    nodes,
  }
}

/** The context is the name of the cluster, as `kubectl config` would call it. */
function labelCommands({environment, cluster}: Site): string[] {
  return cluster.nodes
    .filter(({labels}) => Object.keys(labels).length > 0)
    .map(({name, labels}) => {
      const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`)
      return `kubectl --context ${environment.name}-${cluster.name} label node ${name} ${pairs.join(' ')}`
    })
}

function describeComponents(sites: readonly Site[], layers: readonly LayerDefinition[]) {
  return layers.flatMap((definition) =>
    definition.components.flatMap((component) => {
      const using = sites.filter((site) => layersOf(site, layers).includes(definition) && isEnabled(component, site))
      const [first] = using
      if (!first) return []
      const role = first.cluster.role === 'cloud' ? 'cloud' : edgeCount(using.length, sites.length - 1)
      return [{role, name: component.name, version: runningVersion(component, first), summary: component.summary}]
    }),
  )
}

function edgeCount(using: number, all: number): string {
  return using === all ? 'every edge cluster' : `${using} of ${all} edge clusters`
}

function runningVersion(component: Component, {environment}: Site): string {
  const [image] = Object.values(imagesOf(component, environment))
  const version = image ? (image.split(':').at(-1) ?? '') : versionOf(component)
  return component.kind === 'upstream' ? `${version} (chart ${component.chart.version})` : version
}

const forGit = 'Credentials for this repository'

function secretsOf(cloud: Site, edges: readonly Site[], layers: readonly LayerDefinition[]) {
  const [edge] = edges
  const rows = [...secretRows(cloud, 'cloud', layers), ...(edge ? secretRows(edge, 'each edge', layers) : [])]
  const remote = edges.filter(({cluster}) => cluster.reconcile === 'remote')
  const {environment} = cloud
  const engine = engineOf(environment)
  const {secret} = environment.git
  const git = secret
    ? [{cluster: 'each that reconciles itself', secret: engine.gitSecret(secret), purpose: forGit}]
    : []
  const access = remote.slice(0, shownClusters).map(({cluster: {name}}) => ({
    cluster: 'cloud',
    secret: engine.remoteSecret(name),
    purpose: `Access of the cloud to edge cluster ${name}, which is reconciled from here`,
  }))
  return [
    ...[...git, ...access].map(({cluster, secret, purpose}) => ({
      cluster,
      ...secret,
      keys: secret.keys.join(', '),
      purpose: secret.label ? `${purpose}; labelled \`${secret.label}\`` : purpose,
    })),
    ...rows,
  ]
}

function secretRows(site: Site, cluster: string, layers: readonly LayerDefinition[]) {
  const rows = layersOf(site, layers).flatMap(({components, namespace}) =>
    components
      .filter((component) => isEnabled(component, site))
      .flatMap(({secrets = []}) =>
        secrets
          .filter(({needed}) => needed?.(site) ?? true)
          .map(({name, keys, purpose, namespace: own}) => ({
            cluster,
            namespace: own ?? namespace,
            name,
            keys: keys.join(', ') || 'one per edge cluster',
            purpose,
          })),
      ),
  )
  return rows.filter((row, index) => rows.findIndex((other) => other.name === row.name) === index)
}
