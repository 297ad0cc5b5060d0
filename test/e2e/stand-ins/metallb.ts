import {parseIpv4, toRange} from '../../../generator/environment/ipv4.ts'
import type {Api, LiveObject} from '../harness/api.ts'

// A stand-in for MetalLB's controller, whose image cannot be run here: it gives LoadBalancer Services the address
// that they ask for, if an IPAddressPool of the cluster holds it.

const wish = 'metallb.io/loadBalancerIPs'

export async function giveAddresses(api: Api): Promise<void> {
  const services = (await api.list('v1', 'Service')).filter(({spec}) => spec?.type === 'LoadBalancer')
  const pools = await api.list('metallb.io/v1beta1', 'IPAddressPool')
  for (const service of services) {
    const address = service.metadata.annotations?.[wish]
    if (!address || addressOf(service) === address || !pools.some((pool) => holds(pool, address))) continue
    const {name, namespace} = service.metadata
    const status = {loadBalancer: {ingress: [{ip: address}]}}
    await api.patch({apiVersion: 'v1', kind: 'Service', name, namespace}, {status}, '/status')
  }
}

/** The address that a Service has. */
export function addressOf({status}: LiveObject): string | undefined {
  return (status as {loadBalancer?: {ingress?: {ip: string}[]}} | undefined)?.loadBalancer?.ingress?.[0]?.ip
}

function holds({spec}: LiveObject, address: string): boolean {
  const wanted = parseIpv4(address)
  const {addresses = []} = (spec ?? {}) as {addresses?: string[]}
  return addresses.map(toRange).some(({first, last}) => wanted !== undefined && first <= wanted && wanted <= last)
}
