import type {ClusterNode, Component, Endpoint, EndpointName, LayerDefinition, Sealed, Site} from '../component.ts'
import {roleOf} from '../component.ts'
import {type Hardware, hardwareModels} from '../environment/hardware.ts'
import type {CloudNode, EdgeCluster, EdgeNode, Environment} from '../environment/schema.ts'
import {domainOf, hostnameOf} from './hostnames.ts'
import {coresOf} from './quantity.ts'

export const cloudName = 'cloud'

/**
 * The clusters of an environment, the cloud first; what components may ask is answered here. `sealedOf` knows what can
 * be seen of the encrypted Secrets of a cluster, `digests` by what images are pinned.
 */
export function sitesOf(
  environment: Environment,
  layers: readonly LayerDefinition[],
  sealedOf: (cluster: string) => Sealed | undefined = () => undefined,
  digests: ReadonlyMap<string, string> = new Map(),
): Site[] {
  const domain = domainOf(environment)
  const edgeClusters = environment.edge.clusters.map((cluster) => edgeOf(environment, cluster))
  const shared = {
    environment,
    edgeClusters,
    digests,
    domain,
    hostname: (service: string) => hostnameOf(service, domain),
    ingressAddress: ingressAddressOf(environment),
  }
  const sealed = sealedOf(cloudName)
  const cloud = newSite({...shared, cluster: cloudOf(environment), settings: {}, sealed}, layers)
  const edges = edgeClusters.map((cluster, index) => {
    const settings = environment.edge.clusters[index]?.settings ?? {}
    return newSite({...shared, cluster, settings, sealed: sealedOf(cluster.name)}, layers, cloud)
  })
  return [cloud, ...edges]
}

type Unresolved = Omit<Site, 'endpoint'>

/** Providers are asked only when a component asks, so the order of components does not matter. */
function newSite(unresolved: Unresolved, layers: readonly LayerDefinition[], cloud?: Site): Site {
  const site: Site = {...unresolved, endpoint: (name) => resolve(name)}
  const providers = layers
    .filter(({layer}) => roleOf(layer) === site.cluster.role)
    .filter((layer) => layer.enabled?.(site) ?? true)
    .flatMap(({components}) => components)
    .filter((component) => component.provides && (component.enabled?.(site) ?? true))
  const known = new Map<EndpointName, Endpoint>()
  const resolve = (name: EndpointName): Endpoint => {
    const endpoint = known.get(name) ?? provided(name, providers, site) ?? (cloud && crossing(cloud.endpoint(name)))
    if (!endpoint) throw new TypeError(`Cannot resolve endpoint "${name}" in cluster ${site.cluster.name}: no provider`)
    known.set(name, endpoint)
    return endpoint
  }
  return site
}

function provided(name: EndpointName, providers: readonly Component[], site: Site): Endpoint | undefined {
  const found = providers.flatMap((component) => component.provides?.(site)[name] ?? [])
  if (found.length > 1) throw new TypeError(`Cannot resolve endpoint "${name}": it has ${found.length} providers`)
  return found[0]
}

function crossing(endpoint: Endpoint): Endpoint | undefined {
  return endpoint.scope === 'environment' ? endpoint : undefined
}

function cloudOf({cloud}: Environment): Site['cluster'] {
  return {
    name: cloudName,
    role: 'cloud',
    cni: 'flannel',
    reconcile: 'local',
    demo: false,
    uplink: '1gbit',
    uplinkPrice: undefined,
    rates: {logLines: 0, metrics: 0, spans: 0},
    server: undefined,
    nodes: cloud.nodes.map(nodeOf),
  }
}

function edgeOf({edge}: Environment, cluster: EdgeCluster): Site['cluster'] {
  const {defaults} = edge
  return {
    name: cluster.name,
    role: 'edge',
    cni: cluster.cni ?? defaults.cni,
    reconcile: cluster.reconcile ?? defaults.reconcile,
    demo: cluster.demo ?? defaults.demo,
    uplink: cluster.uplink ?? defaults.uplink,
    uplinkPrice: cluster.uplinkPrice ?? defaults.uplinkPrice,
    rates: {
      logLines: cluster.rates?.logLines ?? defaults.rates.logLines,
      metrics: cluster.rates?.metrics ?? defaults.rates.metrics,
      spans: cluster.rates?.spans ?? defaults.rates.spans,
    },
    server: cluster.server,
    nodes: cluster.nodes.map(nodeOf),
  }
}

/** A node with what its model stands for filled in. */
export function nodeOf(node: CloudNode | EdgeNode): ClusterNode {
  const model: Partial<Hardware> = node.model ? hardwareModels[node.model] : {}
  return {
    name: node.name,
    address: 'address' in node ? node.address : undefined,
    controlPlane: 'controlPlane' in node ? node.controlPlane : true,
    arch: node.arch ?? model.arch ?? 'amd64',
    cpu: coresOf(node.cpu ?? model.cpu ?? 1),
    memory: node.memory ?? model.memory ?? '1Gi',
    disk: node.disk ?? model.disk ?? '1Gi',
    labels: node.labels,
  }
}

function ingressAddressOf({cloud}: Environment): string | undefined {
  return cloud.loadBalancer.mode === 'metallb' ? (cloud.ingressAddress ?? cloud.publicAddress) : undefined
}
