import ipaddr from 'ipaddr.js'
import type {Issue} from '../issue/issue.ts'
import {contains, overlap, parseIpv4, toRange} from './ipv4.ts'
import type {CloudNode, Environment} from './schema.ts'
import type {Path, Source} from './source.ts'

/** Problems of addresses: pools, nodes, the ingress and what the world sees of them. */
export function addressIssues(source: Source, {cloud}: Environment): Issue[] {
  const {loadBalancer} = cloud
  return [
    ...unusable(source, cloud.publicAddress, ['cloud', 'publicAddress']),
    ...sameAddress(source, cloud.nodes),
    ...(loadBalancer.mode === 'metallb'
      ? poolIssues(source, cloud, loadBalancer.addresses)
      : nodeModeIssues(source, cloud)),
  ]
}

type Cloud = Environment['cloud']
const poolPath: Path = ['cloud', 'loadBalancer', 'addresses']

function unusable(source: Source, address: string, path: Path): Issue[] {
  const range = ipaddr.IPv4.parse(address).range()
  if (!['unspecified', 'broadcast', 'multicast', 'loopback', 'linkLocal'].includes(range)) return []
  const message = `Cannot use ${address}: nothing outside can reach an address that is ${range}`
  return [source.issue({path, message, fix: 'write the address at which browsers and edges reach the cloud'})]
}

function sameAddress(source: Source, nodes: readonly CloudNode[]): Issue[] {
  return nodes.flatMap(({address, name}, index) => {
    const other = nodes.slice(0, index).find((node) => node.address === address)
    if (!other) return []
    const message = `Cannot use ${address} for node ${name}: node ${other.name} has it`
    return [source.issue({path: ['cloud', 'nodes', index, 'address'], message, fix: `write the address of ${name}`})]
  })
}

function poolIssues(source: Source, cloud: Cloud, addresses: readonly string[]): Issue[] {
  return [
    ...overlappingRanges(source, addresses),
    ...nodesInPool(source, cloud.nodes, addresses),
    ...ingressOutsidePool(source, cloud, addresses),
  ]
}

function overlappingRanges(source: Source, addresses: readonly string[]): Issue[] {
  return addresses.flatMap((range, index) => {
    const other = addresses.slice(0, index).find((earlier) => overlap(toRange(earlier), toRange(range)))
    if (other === undefined) return []
    const message = `Cannot use "${range}": it shares addresses with ${other}`
    return [
      source.issue({code: 'overlap', path: [...poolPath, index], message, fix: 'write ranges that share no address'}),
    ]
  })
}

/**
 * MetalLB 0.16 accepts a node's own address (0.15.0 refused it, 0.15.1 took that back: metallb pull requests 2585
 * and 2780). It works where the traffic can only come to that node anyway.
 */
function nodesInPool(source: Source, nodes: readonly CloudNode[], addresses: readonly string[]): Issue[] {
  return nodes.flatMap(({name, address}) => {
    const index = addresses.findIndex((range) => contains(toRange(range), number(address)))
    if (index < 0) return []
    const path = [...poolPath, index]
    if (nodes.length > 1) {
      const message = `Cannot use "${addresses[index]}": it holds ${address}, the address of node ${name}, and there are ${nodes.length} nodes`
      return [source.issue({code: 'overlap', path, message, fix: 'write a range that no node and no DHCP server uses'})]
    }
    const message = `MetalLB gives out ${address}, the address of node ${name} itself: that works on this single node only`
    const fix = 'keep it while there is one node, or write mode: node, which needs no MetalLB'
    return [source.issue({code: 'overlap', severity: 'warning', path, message, fix})]
  })
}

function ingressOutsidePool(source: Source, cloud: Cloud, addresses: readonly string[]): Issue[] {
  const {ingressAddress, publicAddress} = cloud
  const address = ingressAddress ?? publicAddress
  if (addresses.some((range) => contains(toRange(range), number(address)))) return []
  const first = addresses[0]?.split(/[-/]/)[0]
  if (ingressAddress) {
    const message = `Cannot give the ingress ${ingressAddress}: it is not in the pool ${addresses.join(', ')}`
    return [
      source.issue({path: ['cloud', 'ingressAddress'], message, fix: `write an address of the pool, such as ${first}`}),
    ]
  }
  const message = `Cannot reach the ingress at ${publicAddress}: it is not in the pool ${addresses.join(', ')}, and no NAT is declared`
  const fix = `add ingressAddress: ${first} if NAT forwards ${publicAddress} to it, or write an address of the pool`
  return [source.issue({path: ['cloud', 'publicAddress'], message, fix})]
}

function nodeModeIssues(source: Source, {ingressAddress, publicAddress, nodes}: Cloud): Issue[] {
  const address = ingressAddress ?? publicAddress
  if (nodes.some((node) => node.address === address)) return []
  const first = nodes[0]?.address
  const path = ['cloud', ingressAddress ? 'ingressAddress' : 'publicAddress']
  const message = `Cannot reach the ingress at ${address}: no node has this address`
  const fix = ingressAddress
    ? `write the address of a node, such as ${first}`
    : `add ingressAddress: ${first} if NAT forwards to it`
  return [source.issue({path, message, fix})]
}

function number(address: string): number {
  return parseIpv4(address) ?? -1
}
