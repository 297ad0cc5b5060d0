import type {RenderedCluster} from '../../tree/tree.ts'
import {type Agent, agentsOf, inputsOfLogs, outputsOfLogs, textWithin, volumeAt, within} from '../facts/agents.ts'

/** Where an agent of an edge cluster sends to. */
export interface Output {
  agent: Agent
  what: string
  host: string
  port: number
  /** Who has to answer there. */
  expected: 'Elasticsearch' | 'Netdata' | 'OTLP'
  /** Why the connection is not what it should be, such as without TLS. */
  faults: readonly string[]
  authority: string
}

/** All outputs of the agents of an edge cluster. */
export function outputsOf(cluster: RenderedCluster): Output[] {
  const {fluentBit, netdata, collector} = agentsOf(cluster)
  return [
    ...(fluentBit ? logOutputs(fluentBit) : []),
    ...(netdata ? [streamOutput(netdata)] : []),
    ...(collector ? collectorOutputs(collector) : []),
  ]
}

function logOutputs(agent: Agent): Output[] {
  const tags = inputsOfLogs(agent).map((input) => textWithin(input, 'tag'))
  return outputsOfLogs(agent).map((output) => ({
    agent,
    what: `output ${output.name} of Fluent Bit`,
    host: textWithin(output, 'host'),
    port: Number(textWithin(output, 'port')),
    expected: 'Elasticsearch',
    faults: [
      ...(tags.some((tag) => isMatched(tag, textWithin(output, 'match')))
        ? []
        : [`it takes ${output.match || 'nothing'}, and no input has such a tag`]),
      ...(output.logstash_format === 'on' ? [] : ['it does not write into an index for each day']),
      ...(output.name === 'es' ? [] : [`it speaks ${output.name}, not es`]),
      ...(output.tls === 'on' ? [] : ['it has no TLS']),
      ...(output['tls.verify'] === 'on' ? [] : ['it does not look at the certificate']),
    ],
    authority: textWithin(output, 'tls.ca_file'),
  }))
}

/** `kube.*` is the tag of an input and what takes all that begins so. */
function isMatched(tag: string, match: string): boolean {
  return match === '*' || match === tag || (match.endsWith('*') && tag.startsWith(match.slice(0, -1)))
}

function streamOutput(agent: Agent): Output {
  const stream = within(agent.config('stream.conf'), 'stream')
  const destination = textWithin(stream, 'destination')
  const [, host = '', port = '', tls = ''] = /^(?:tcp:)?([^:]+):(\d+)(:SSL)?$/.exec(destination) ?? []
  return {
    agent,
    what: 'the stream of Netdata',
    host,
    port: Number(port),
    expected: 'Netdata',
    faults: [
      ...(textWithin(stream, 'enabled') === 'yes' ? [] : ['it is not enabled']),
      ...(tls ? [] : ['it has no TLS']),
      ...(textWithin(stream, 'ssl skip certificate verification') === 'no'
        ? []
        : ['it does not look at the certificate']),
    ],
    authority: textWithin(stream, 'CAfile'),
  }
}

function collectorOutputs(agent: Agent): Output[] {
  const config = agent.config('agent.yaml')
  const exporters = (within(config, 'exporters') ?? {}) as Record<string, unknown>
  return Object.entries(exporters).map(([name, exporter]) => {
    const [, host = '', port = ''] = /^([^:]+):(\d+)$/.exec(textWithin(exporter, 'endpoint')) ?? []
    const certificate = ['cert_file', 'key_file'].map((key) => textWithin(exporter, 'tls', key))
    return {
      agent,
      what: `exporter ${name}`,
      host,
      port: Number(port),
      expected: 'OTLP',
      faults: [
        ...(name.split('/')[0] === 'otlp_grpc' ? [] : ['it does not speak OTLP over gRPC']),
        ...(within(exporter, 'tls', 'insecure') === true ? ['it has no TLS'] : []),
        ...(within(exporter, 'tls', 'insecure_skip_verify') === true ? ['it does not look at the certificate'] : []),
        ...(certificate.every((path) => volumeAt(agent.pods, path)?.secret) ? [] : ['it shows no client certificate']),
      ],
      authority: textWithin(exporter, 'tls', 'ca_file'),
    }
  })
}
