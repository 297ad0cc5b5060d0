import {contains, overlap, parseCidr, parseIpv4, parseRange, toRange} from '../../environment/ipv4.ts'
import {domainOf} from '../../model/hostnames.ts'
import {valueAt} from '../../tree/pods.ts'
import {type Placed, placeOf, type RenderedCluster} from '../../tree/tree.ts'
import {dataOf} from '../facts/agents.ts'
import {about, declared, type Finding, type Surroundings} from '../gate.ts'

/** Networks of k3s where nothing else is said (docs.k3s.io/cli/server, --cluster-cidr and --service-cidr). */
const podNetwork = '10.42.0.0/16'
const serviceNetwork = '10.43.0.0/16'

/** Problems of the addresses of the cloud: what MetalLB gives out, and what nothing else may use. */
export function cloudAddresses(cluster: RenderedCluster, around: Surroundings): Finding[] {
  return [...ingressAddress(cluster, around), ...nodesInNetworks(cluster, around), ...poolsInNetworks(cluster)]
}

/** The pools of MetalLB that are announced. */
function poolsOf({objects}: RenderedCluster): {placed: Placed; addresses: string[]}[] {
  const announced = new Set(
    objects
      .filter(({object}) => object.kind === 'L2Advertisement')
      .flatMap(({object}) => (object as {spec?: {ipAddressPools?: string[]}}).spec?.ipAddressPools ?? []),
  )
  return objects
    .filter(({object}) => object.kind === 'IPAddressPool' && announced.has(object.metadata.name))
    .map((placed) => ({
      placed,
      addresses: (placed.object as {spec?: {addresses?: string[]}}).spec?.addresses ?? [],
    }))
}

const annotation = 'metallb.io/loadBalancerIPs'

function ingressAddress(cluster: RenderedCluster, {read}: Surroundings): Finding[] {
  const {cloud} = read.environment
  const traefik = cluster.charts.find(({component}) => component.name === 'traefik')
  if (cloud.loadBalancer.mode !== 'metallb' || !traefik) return []
  const annotations = (valueAt(traefik.values, 'service.annotations') ?? {}) as Record<string, string>
  const address = annotations[annotation] ?? ''
  const number = parseIpv4(address)
  if (number === undefined) {
    const message = `The ingress asks MetalLB for no address: ${annotation} is ${address ? `"${address}"` : 'missing'}`
    return [about(placeOf(traefik), cluster, message, 'run npm run render, which writes it', annotation)]
  }
  const pools = poolsOf(cluster).flatMap(({addresses}) => addresses)
  const problems: Finding[] = []
  if (!pools.some((range) => isIn(number, range))) {
    const message = `The ingress asks MetalLB for ${address}, which no announced pool holds: ${pools.join(', ') || 'there is none'}`
    problems.push(
      about(
        placeOf(traefik),
        cluster,
        message,
        'put the address into cloud.loadBalancer.addresses, and render',
        annotation,
      ),
    )
  }
  const named = addressIn(domainOf(read.environment))
  if (named && named !== address && cloud.ingressAddress !== address) {
    const message = `Host names lead to ${named}, the ingress has ${address}, and no NAT is declared between them`
    problems.push(
      about(
        placeOf(traefik),
        cluster,
        message,
        `set cloud.ingressAddress to ${address} if NAT forwards to it`,
        annotation,
      ),
    )
  }
  return problems
}

/** The address inside a name of nip.io or sslip.io. */
function addressIn(domain: string): string | undefined {
  return /(?:^|[.-])(\d{1,3}(?:-\d{1,3}){3})\.(?:nip|sslip)\.io$/.exec(domain)?.[1]?.replaceAll('-', '.')
}

function nodesInNetworks(cluster: RenderedCluster, around: Surroundings): Finding[] {
  return cluster.site.cluster.nodes.flatMap(({name, address}, index) => {
    const network = networkWith(address, [podNetwork, serviceNetwork])
    if (!network) return []
    const message = `Node ${name} has ${address}, which lies in ${network}, where k3s puts pods or services`
    return [
      declared(around, cluster, {
        path: ['nodes', index, 'address'],
        message,
        fix: 'give the node an address outside it',
      }),
    ]
  })
}

function poolsInNetworks(cluster: RenderedCluster): Finding[] {
  return poolsOf(cluster).flatMap(({placed, addresses}) =>
    addresses.flatMap((range) =>
      [podNetwork, serviceNetwork]
        .filter((network) => isRange(range) && overlap(toRange(network), toRange(range)))
        .map((network) => {
          const message = `Pool ${range} of MetalLB lies in ${network}, where k3s puts pods or services`
          return about(placed, cluster, message, 'write a range of the network that the nodes are in')
        }),
    ),
  )
}

/**
 * Problems of the addresses of an edge cluster. Edge clusters behind NAT may share addresses with each other; what an
 * edge calls must not lie in its own networks, and what the cloud calls not in those of the cloud.
 */
export function edgeAddresses(cluster: RenderedCluster, around: Surroundings): Finding[] {
  const {cluster: edge, environment} = cluster.site
  const own = edge.cni === 'smarter' ? [bridgeOf(cluster), serviceNetwork] : [podNetwork, serviceNetwork]
  const {publicAddress} = environment.cloud
  const findings: Finding[] = []
  const inOwn = networkWith(edge.server, own)
  if (inOwn) {
    const message = `The server of ${edge.name} has ${edge.server}, which lies in ${inOwn}, the network of its own pods or services`
    findings.push(declared(around, cluster, {path: ['server'], message, fix: 'give the server an address outside it'}))
  }
  const inCloud = edge.reconcile === 'remote' ? networkWith(edge.server, [podNetwork, serviceNetwork]) : undefined
  if (inCloud && !inOwn) {
    const message = `The cloud cannot reach the server of ${edge.name}: ${edge.server} lies in ${inCloud}, its own network of pods or services`
    findings.push(declared(around, cluster, {path: ['server'], message, fix: 'give the server an address outside it'}))
  }
  const cloudInOwn = networkWith(publicAddress, own)
  if (cloudInOwn) {
    const message = `${edge.name} cannot reach the cloud: ${publicAddress} lies in ${cloudInOwn}, its own network of pods or services`
    findings.push(declared(around, cluster, {path: ['name'], message, fix: 'write a cloud.publicAddress outside it'}))
  }
  return [...findings, ...bridgeProblems(cluster)]
}

/** The settings of the bridge of smarter-cni. */
function bridgeSettings({objects}: RenderedCluster): Placed | undefined {
  return objects.find(({object}) => object.kind === 'ConfigMap' && object.metadata.name === 'smarter-cni')
}

function bridgeOf(cluster: RenderedCluster): string {
  const settings = bridgeSettings(cluster)
  return (settings && dataOf(settings.object).CIDR) ?? podNetwork
}

function bridgeProblems(cluster: RenderedCluster): Finding[] {
  const placed = bridgeSettings(cluster)
  if (!placed) return []
  const {CIDR = '', GW = ''} = dataOf(placed.object)
  if (networkWith(GW, [CIDR])) return []
  const message = `The bridge of smarter-cni has ${GW || 'no address'}, which is not in its network ${CIDR}`
  return [
    about(placed, cluster, message, 'set settings.smarter-cni.gateway to an address of settings.smarter-cni.network'),
  ]
}

function networkWith(address: string | undefined, networks: readonly string[]): string | undefined {
  const number = address === undefined ? undefined : parseIpv4(address)
  if (number === undefined) return undefined
  return networks.find((network) => isIn(number, network))
}

/** What was changed by hand may be no range: gate schemas does not know, and MetalLB would refuse it. */
function isRange(text: string): boolean {
  return (text.includes('/') ? parseCidr(text) : parseRange(text)).range !== undefined
}

function isIn(address: number, range: string): boolean {
  return isRange(range) && contains(toRange(range), address)
}
