import type {LayerDefinition} from '../component.ts'
import dashboards from './cloud-observability/dashboards.ts'
import elasticsearch from './cloud-observability/elasticsearch.ts'
import grafana from './cloud-observability/grafana.ts'
import influxdb from './cloud-observability/influxdb.ts'
import jaeger from './cloud-observability/jaeger.ts'
import kibana from './cloud-observability/kibana.ts'
import netdataParent from './cloud-observability/netdata-parent.ts'
import otelGateway from './cloud-observability/otel-gateway.ts'
import certManager from './cloud-operators/cert-manager.ts'
import eckOperator from './cloud-operators/eck-operator.ts'
import metallb from './cloud-operators/metallb.ts'
import addressPool from './cloud-platform/address-pool.ts'
import clusterIssuer from './cloud-platform/cluster-issuer.ts'
import traefik from './cloud-platform/traefik.ts'
import client from './edge-demo/client.ts'
import formatter from './edge-demo/formatter.ts'
import publisher from './edge-demo/publisher.ts'
import fluentBit from './edge-observability/fluent-bit.ts'
import netdataChild from './edge-observability/netdata-child.ts'
import otelAgent from './edge-observability/otel-agent.ts'
import namespaces from './edge-platform/namespaces.ts'
import smarterCni from './edge-platform/smarter-cni.ts'

/** Everything that is rendered: layers and what is in them. Charts list components in this order. */
export const layerDefinitions: readonly LayerDefinition[] = [
  {
    layer: 'cloud-operators',
    summary: 'Operators and what defines the custom resources of the other cloud layers',
    namespace: 'cloud-operators',
    // The speaker of MetalLB uses the network of the node.
    podSecurity: 'privileged',
    components: [metallb, certManager, eckOperator],
  },
  {
    layer: 'cloud-platform',
    summary: 'Addresses, the ingress and certificates of the cloud cluster',
    namespace: 'cloud-platform',
    podSecurity: 'restricted',
    components: [traefik, addressPool, clusterIssuer],
  },
  {
    layer: 'cloud-observability',
    summary: 'Stores and shows metrics, logs and traces',
    namespace: 'observability',
    // run.sh of Netdata starts as root.
    podSecurity: 'baseline',
    components: [elasticsearch, kibana, influxdb, grafana, dashboards, netdataParent, otelGateway, jaeger],
  },
  {
    layer: 'edge-platform',
    summary: 'Namespaces and, where chosen, the network of an edge cluster',
    namespace: 'kube-system',
    podSecurity: 'privileged',
    components: [namespaces, smarterCni],
  },
  {
    layer: 'edge-observability',
    summary: 'Collects metrics, logs and traces on every node and keeps them through an outage',
    namespace: 'observability',
    podSecurity: 'privileged',
    components: [netdataChild, fluentBit, otelAgent],
  },
  {
    layer: 'edge-demo',
    summary: 'Three small services that log and trace, to see the system at work',
    namespace: 'demo',
    podSecurity: 'privileged',
    enabled: ({cluster}) => cluster.demo,
    components: [client, formatter, publisher],
  },
]

export const components = layerDefinitions.flatMap((definition) => definition.components)
