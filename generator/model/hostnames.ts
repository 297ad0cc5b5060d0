import type {Environment} from '../environment/schema.ts'

/** Domains that resolve any name to the address inside it; names join with a dash, as the 2020 system wrote them. */
const addressDomains = /\.(nip\.io|sslip\.io)$/

/** The domain of all host names of an environment. */
export function domainOf({cloud}: Environment): string {
  return cloud.domain ?? `${cloud.publicAddress.replaceAll('.', '-')}.nip.io`
}

/** The public host name of a service: `kibana-18-34-90-214.nip.io`, or `kibana.example.com` under an own domain. */
export function hostnameOf(service: string, domain: string): string {
  return addressDomains.test(domain) ? `${service}-${domain}` : `${service}.${domain}`
}
