import {readFileSync} from 'node:fs'
import Handlebars from 'handlebars'
import {versionOf} from '../chart/readme.ts'
import type {Component, LayerDefinition, Site} from '../component.ts'
import {engineOf} from '../gitops/engines.ts'
import {imagesOf, parseImage} from '../model/images.ts'
import {isEnabled} from '../model/values.ts'
import type {RenderedFile} from '../rendered-file.ts'
import {markdownBanner} from '../rendered-file.ts'
import {describeKeys} from '../secret.ts'
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
    bootstrap: bootstrapSecrets(cloud, edges),
    hasOperators: environment.secrets !== undefined,
    keyCommands: environment.secrets ? [cloud, ...edges.slice(0, shownClusters)].flatMap(keyCommands) : [],
    secrets: madeSecrets(cloud, edges, layers),
  })
  return {path, content: `${content.trim()}\n`}
}

const trust = {
  'environment-ca':
    "Browsers trust the pages once they trust the environment's own authority, `authority.crt`, which `npm run secrets` writes here.",
  'self-signed':
    'Browsers warn, because an authority inside the cluster signs the pages; its certificate is `ca.crt` of Secret `environment-ca` in namespace cloud-operators.',
  acme: 'Browsers trust the pages.',
}

function pagesOf({hostname, environment}: Site) {
  const inSecret = (secret: string) => `Secret \`${secret}\` in namespace observability`
  const own = `\`sops decrypt environments/${environment.name}/operators/YOU.sops.yaml\``
  const login = (secret: string) => (environment.secrets && secret !== 'grafana-admin' ? own : inSecret(secret))
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

function runningVersion(component: Component, site: Site): string {
  const [image] = Object.values(imagesOf(component, site))
  const version = image ? parseImage(image).tag : versionOf(component)
  return component.kind === 'upstream' ? `${version} (chart ${component.chart.version})` : version
}

/** Secrets that bootstrapping puts in by hand: what reconciles cannot fetch its own keys. */
function bootstrapSecrets(cloud: Site, edges: readonly Site[]) {
  const {environment} = cloud
  const engine = engineOf(environment)
  const {secret} = environment.git
  const git = (secret ? engine.gitSecrets(secret, environment) : []).map((each) => ({
    cluster: 'each that reconciles itself',
    secret: each,
    purpose: 'Credentials for this repository',
  }))
  const access = edges
    .filter(({cluster}) => cluster.reconcile === 'remote')
    .slice(0, shownClusters)
    .flatMap(({cluster: {name}}) =>
      engine.remoteSecrets(name, environment).map((each) => ({
        cluster: 'cloud',
        secret: each,
        purpose: `Access of the cloud to edge cluster ${name}, which is reconciled from here`,
      })),
    )
  const keys = environment.secrets ? [cloud, ...edges.slice(0, shownClusters)].map(ageKeyRow) : []
  return [...git, ...access, ...keys].map(({cluster, secret, purpose}) => ({
    cluster,
    ...secret,
    keys: secret.keys.join(', '),
    purpose: secret.label ? `${purpose}; labelled \`${secret.label}\`` : purpose,
  }))
}

function ageKeyRow({environment, cluster}: Site) {
  return {
    cluster: cluster.reconcile === 'remote' ? 'cloud' : cluster.name,
    secret: engineOf(environment).ageSecret(cluster),
    purpose: `Age key of ${cluster.name}, from \`.secrets/${environment.name}/${cluster.name}.agekey\``,
  }
}

/** What puts the age key of a cluster in. The namespace is there already, or it is made. */
function keyCommands({environment, cluster}: Site): string[] {
  const {namespace, name, keys} = engineOf(environment).ageSecret(cluster)
  const place = cluster.reconcile === 'remote' ? 'cloud' : cluster.name
  const kubectl = `kubectl --context ${environment.name}-${place}`
  const file = `.secrets/${environment.name}/${cluster.name}.agekey`
  return [
    `${kubectl} create namespace ${namespace} --dry-run=client -o yaml | ${kubectl} apply -f -`,
    `${kubectl} -n ${namespace} create secret generic ${name} --from-file=${keys[0]}=${file}`,
  ]
}

function madeSecrets(cloud: Site, edges: readonly Site[], layers: readonly LayerDefinition[]) {
  const [edge] = edges
  return [...secretRows(cloud, 'cloud', layers), ...(edge ? secretRows(edge, 'each edge', layers) : [])]
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
            keys: describeKeys(keys),
            purpose,
          })),
      ),
  )
  return rows.filter((row, index) => rows.findIndex((other) => other.name === row.name) === index)
}
