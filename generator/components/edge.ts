import {z} from 'zod'
import type {SecretReference, Site} from '../component.ts'
import {described, dnsLabel, hostname} from '../environment/fields.ts'
import {fieldEnv, secretVolume} from './kubernetes.ts'

/** The Secret with the authority that signs what the cloud serves; absent with a public authority. */
export const authority: SecretReference = {
  name: 'cloud-authority',
  keys: {'ca.crt': {kind: 'authority', part: 'trusted'}},
  purpose: 'Certificate of the authority that signs what the cloud serves',
  needed: ({environment}) => environment.cloud.certificates.issuer !== 'acme',
}

/** Where agents keep what must outlive a power cut. */
export const stateFolder = '/var/lib/observability'

const authorityPaths = {private: '/authority/ca.crt', public: '/etc/ssl/certs/ca-certificates.crt'} as const

/** What every agent needs to know to reach an endpoint of the cloud. */
export function upstreamShape(example: string) {
  return {
    cluster: described(dnsLabel.default('edge'), 'Name of the edge cluster, in everything that it sends'),
    host: described(hostname.default(example), 'Host name in the cloud that the data goes to'),
    port: described(z.int().min(1).max(65535).default(443), 'Port in the cloud that the data goes to'),
    authorityFile: described(
      z.enum([authorityPaths.private, authorityPaths.public]).default(authorityPaths.private),
      'File with the authorities that the agent trusts: that of the environment, or the public ones of the image',
    ),
  }
}

/** Values for `upstreamShape`. */
export function upstream(site: Site, name: 'logs' | 'metricStream' | 'telemetry') {
  const {host, port} = site.endpoint(name)
  const trust = site.environment.cloud.certificates.issuer === 'acme' ? 'public' : 'private'
  return {cluster: site.cluster.name, host, port, authorityFile: authorityPaths[trust]}
}

export const authorityVolume = secretVolume('authority', authority.name, {optional: true})
export const authorityMount = {name: 'authority', mountPath: '/authority', readOnly: true}

/** An agent runs on every node, in the network of the node, whatever else goes wrong there. */
export const agentPod = {
  hostNetwork: true,
  dnsPolicy: 'Default' as const,
  priorityClassName: 'system-node-critical',
  terminationGracePeriodSeconds: 30,
  tolerations: [{operator: 'Exists' as const}],
  nodeSelector: {'kubernetes.io/os': 'linux'},
}

export const nodeNameEnv = fieldEnv('NODE_NAME', 'spec.nodeName')
