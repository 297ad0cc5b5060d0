import {nameOf, type RenderedCluster} from '../../tree/tree.ts'
import {dataOf, programWith, textWithin, volumeAt, within} from '../facts/agents.ts'
import {behind, type Exposure} from '../facts/exposures.ts'
import type {Surroundings} from '../gate.ts'
import type {Output} from './outputs.ts'

/** Whether who answers behind a port speaks what is sent there. */
export function answerProblems(
  {backend, tls, placed}: Exposure,
  expected: Output['expected'],
  cloud: RenderedCluster,
): string[] {
  if (expected === 'Elasticsearch') {
    const isThere = cloud.objects.some(
      ({object: {kind, metadata}}) => kind === 'Elasticsearch' && `${metadata.name}-es-http` === backend.service,
    )
    return isThere && backend.port === 9200 ? [] : [`${backend.service}:${backend.port} behind it is no Elasticsearch`]
  }
  if (tls === 'route') return [`${nameOf(placed.object)} does not pass its TLS through`]
  const target = behind(cloud, backend)
  if (!target) return [`Service ${backend.service} behind it has no pods on port ${backend.port}`]
  const ports = expected === 'Netdata' ? streamPorts(cloud) : otlpPorts(cloud)
  if (ports.ofPods === target.pods.by && ports.ports.includes(target.port)) return []
  return [`${target.pods.by} does not take ${expected} with TLS on port ${target.port}`]
}

function streamPorts(cloud: RenderedCluster): {ofPods: string | undefined; ports: number[]} {
  const parent = cloud.objects.find(({object}) => /=streaming/.test(dataOf(object)['netdata.conf'] ?? ''))
  const program = parent && programWith(cloud, 'netdata.conf')
  const bind = textWithin(program?.config('netdata.conf'), 'web', 'bind to')
  const ports = [...bind.matchAll(/:(\d+)=streaming[^ ]*\^SSL=force/g)].map(([, port]) => Number(port))
  return {ofPods: program?.pods.by, ports}
}

function otlpPorts(cloud: RenderedCluster): {ofPods: string | undefined; ports: number[]} {
  const program = programWith(cloud, 'gateway.yaml')
  const config = program?.config('gateway.yaml')
  const grpc = within(config, 'receivers', 'otlp', 'protocols', 'grpc')
  const port = Number(/:(\d+)$/.exec(textWithin(grpc, 'endpoint'))?.[1])
  const asked = textWithin(grpc, 'tls', 'client_ca_file')
  const isGuarded = program && volumeAt(program.pods, asked)?.secret !== undefined
  const inPipelines = ['traces', 'metrics'].every((signal) => {
    const receivers = within(config, 'service', 'pipelines', signal, 'receivers')
    return Array.isArray(receivers) && receivers.includes('otlp')
  })
  return {ofPods: program?.pods.by, ports: isGuarded && inPipelines ? [port] : []}
}

/** Whether the certificate that is shown bears the name that is asked for, and somebody issues it. */
export function certificateProblems(exposure: Exposure, host: string, cloud: RenderedCluster): string[] {
  const issuers = new Set(
    cloud.objects.filter(({object}) => object.kind === 'ClusterIssuer').map(({object}) => object.metadata.name),
  )
  if (exposure.tls === 'ingress') {
    const issuer = exposure.placed.object.metadata.annotations?.['cert-manager.io/cluster-issuer']
    if (exposure.placed.component === undefined || (issuer && issuers.has(issuer))) return []
    return [`nobody issues its certificate: ${issuer ? `there is no ClusterIssuer ${issuer}` : 'no issuer is named'}`]
  }
  if (exposure.tls === 'route') return []
  const target = behind(cloud, exposure.backend)
  const secrets = new Set(target?.pods.spec.volumes?.flatMap(({secret}) => secret?.secretName ?? []))
  const certificates = cloud.objects
    .filter(({object}) => object.kind === 'Certificate')
    .map(({object}) => (object as unknown as {spec: Certificate}).spec)
  const shown = certificates.find(
    ({secretName, usages = []}) => secrets.has(secretName) && usages.includes('server auth'),
  )
  // That nobody is behind it has been said.
  if (!target) return []
  if (!shown) return [`no Certificate is made for ${target.pods.by}`]
  if (!shown.dnsNames?.includes(host)) return [`its certificate is for ${shown.dnsNames?.join(', ')}`]
  return issuers.has(shown.issuerRef.name)
    ? []
    : [`nobody issues its certificate: there is no ClusterIssuer ${shown.issuerRef.name}`]
}

interface Certificate {
  secretName: string
  dnsNames?: string[]
  usages?: string[]
  issuerRef: {name: string}
}

/** A private authority is in a Secret of the edge; a public one among those that the image brings. */
export function authorityProblems({authority, agent}: Output, {cloud}: Surroundings): string[] {
  const isPublic = cloud.objects.some(
    ({object}) => object.kind === 'ClusterIssuer' && 'acme' in ((object as {spec?: object}).spec ?? {}),
  )
  const volume = volumeAt(agent.pods, authority)
  const isInSecret = volume?.secret !== undefined
  if (isPublic)
    return isInSecret || !authority.startsWith('/etc/ssl/')
      ? [`trusts ${authority || 'nobody'}, but the cloud has certificates of a public authority`]
      : []
  return isInSecret ? [] : [`trusts ${authority || 'nobody'}, which holds not the authority of the environment`]
}
