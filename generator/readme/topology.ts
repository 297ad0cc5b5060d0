import type {Site} from '../component.ts'

/** A Mermaid picture of the clusters and what flows between them. */
export function topology(cloud: Site, edges: readonly Site[], more: number): string {
  const {environment, hostname} = cloud
  const {publicAddress, ingressAddress} = environment.cloud
  const address = ingressAddress ? `${publicAddress}, NAT to ${ingressAddress}` : publicAddress
  return [
    '```mermaid',
    'flowchart LR',
    '  people([people])',
    `  subgraph cloud["cloud: ${address}"]`,
    '    ingress[Traefik]',
    '    logs[(Elasticsearch)] --- kibana[Kibana]',
    '    metrics[(InfluxDB)] --- grafana[Grafana]',
    '    live[Netdata parent]',
    '    gateway[OpenTelemetry gateway] --> traces[Jaeger] --> logs',
    '    gateway --> metrics',
    '    ingress --> logs & live & gateway',
    '  end',
    `  people -- "https://*${hostname('').replace(/^-/, '-')}" --> ingress`,
    ...edges.flatMap((edge, index) => edgeLines(edge, index)),
    ...(more > 0 ? [`  more["${more} more edge clusters"] --> ingress`] : []),
    '```',
  ].join('\n')
}

function edgeLines({cluster}: Site, index: number): string[] {
  const nodes = cluster.nodes.map(
    (node, number) => `    e${index}n${number}["${node.name}<br/>${node.arch}, ${node.memory}"]`,
  )
  return [
    `  subgraph e${index}["edge: ${cluster.name}"]`,
    ...nodes,
    '  end',
    `  e${index} -- "logs, metrics, traces over TLS" --> ingress`,
  ]
}
