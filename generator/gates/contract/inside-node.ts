import type {RenderedCluster} from '../../tree/tree.ts'
import {agentOf, textWithin, within} from '../facts/agents.ts'
import {about, type Finding} from '../gate.ts'

/** What programs of one node tell each other: Netdata its averages, the demo its spans. */
export function insideNode(cluster: RenderedCluster): Finding[] {
  const collector = agentOf(cluster, 'collector')
  const receivers = within(collector?.config('agent.yaml'), 'receivers')
  const taken = {
    carbon: portOf(textWithin(receivers, 'carbon', 'endpoint')),
    thrift: portOf(textWithin(receivers, 'jaeger', 'protocols', 'thrift_compact', 'endpoint')),
  }
  const netdata = agentOf(cluster, 'netdata')
  const graphite = within(netdata?.config('exporting.conf'), 'graphite:edge')
  const sent = textWithin(graphite, 'destination')
  const findings: Finding[] = []
  if (netdata && (sent !== `127.0.0.1:${taken.carbon}` || textWithin(graphite, 'enabled') !== 'yes')) {
    const message = `Netdata exports its averages to ${sent || 'nobody'}, and the collector of the node takes them on 127.0.0.1:${taken.carbon}`
    findings.push(about(netdata.placed, cluster, message, 'run npm run render'))
  }
  const otlp = ['grpc', 'http'].map((protocol) =>
    portOf(textWithin(receivers, 'otlp', 'protocols', protocol, 'endpoint')),
  )
  if (collector && otlp.join() !== wellKnown.join()) {
    const message = `The collector of the node takes OTLP on ${otlp.join(' and ')}, and programs send it to ${wellKnown.join(' and ')}`
    findings.push(about(collector.placed, cluster, message, 'run npm run render'))
  }
  return [...findings, ...demoPorts(cluster, taken.thrift)]
}

/** Of OTLP over gRPC and HTTP (opentelemetry.io/docs/specs/otel/protocol/exporter). */
const wellKnown = ['4317', '4318']

function demoPorts(cluster: RenderedCluster, thrift: string): Finding[] {
  return cluster.objects.flatMap((placed) => {
    const containers = (within(placed.object, 'spec', 'template', 'spec', 'containers') ?? []) as {
      env?: {name: string; value?: string}[]
    }[]
    const variable = (name: string) => containers.flatMap(({env = []}) => env).find((each) => each.name === name)?.value
    const [host, port] = [variable('JAEGER_AGENT_HOST'), variable('JAEGER_AGENT_PORT')]
    if (port === undefined && host === undefined) return []
    if (host === '127.0.0.1' && port === thrift) return []
    const message = `${placed.object.kind} ${placed.object.metadata.name} sends its spans to ${host}:${port}, and the collector of the node takes them on 127.0.0.1:${thrift}`
    return [about(placed, cluster, message, 'run npm run render')]
  })
}

function portOf(endpoint: string): string {
  return /:(\d+)$/.exec(endpoint)?.[1] ?? 'no port'
}
