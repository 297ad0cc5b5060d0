import test from 'ava'
import type {KubernetesObject, Site} from '../generator/component.ts'
import {layerDefinitions} from '../generator/components/index.ts'
import {findEnvironments} from '../generator/environment/find.ts'
import {readEnvironment} from '../generator/environment/read.ts'
import {objectsOf} from '../generator/model/objects.ts'
import {sitesOf} from '../generator/model/sites.ts'
import {isEnabled, valuesOf} from '../generator/model/values.ts'
import {renderRepository} from '../generator/pipeline.ts'
import {layersOf} from '../generator/values/values.ts'
import {root} from './support/paths.ts'

// The rows of "The system rendered is Arm's SMARTER edge observability of 2020": what stood for it then, and the
// rendered objects that do now, in environments lab (2020's walk-through) and factory.

const files = Object.fromEntries(
  renderRepository(root, layerDefinitions).files.map(({path, content}) => [path, content]),
)
const sites = findEnvironments(root, []).flatMap((file) => {
  const read = readEnvironment(file, layerDefinitions, [])
  return read ? sitesOf(read.environment, layerDefinitions) : []
})
const [lab, labEdge, factory, line] = ['lab/cloud', 'lab/lab-edge', 'factory/cloud', 'factory/line-1'].map((name) => {
  const site = sites.find(({environment, cluster}) => `${environment.name}/${cluster.name}` === name)
  if (!site) throw new Error(`no cluster ${name}`)
  return site
}) as [Site, Site, Site, Site]

test('MetalLB ConfigMap -> IPAddressPool and L2Advertisement', (t) => {
  t.like(object(lab, 'IPAddressPool', 'ingress'), {spec: {addresses: ['10.0.0.10/32']}})
  t.like(object(factory, 'IPAddressPool', 'ingress'), {spec: {addresses: ['192.168.1.240-192.168.1.250']}})
  t.like(object(factory, 'L2Advertisement', 'ingress'), {spec: {ipAddressPools: ['ingress']}})
  t.regex(chart('cloud-operators'), /name: metallb\n {4}version: "?0\.16\.1/)
})

test('nginx-ingress -> Traefik, on the address that NAT forwards to', (t) => {
  t.regex(chart('cloud-platform'), /name: traefik\n {4}version: "?41\.3\.0/)
  t.regex(
    file('environments/lab/rendered/cloud/cloud-platform.values.yaml'),
    /metallb\.io\/loadBalancerIPs: "10\.0\.0\.10"/,
  )
})

test('cert-manager 0.13, self-signed -> cert-manager 1.21 and the chosen issuer', (t) => {
  t.regex(chart('cloud-operators'), /name: cert-manager\n {4}version: "?v1\.21\.1/)
  t.like(object(lab, 'ClusterIssuer', 'environment'), {spec: {ca: {secretName: 'environment-ca'}}})
})

test('Elasticsearch and Kibana 7.6 charts -> resources of ECK 3.5 at 9.5', (t) => {
  t.regex(chart('cloud-operators'), /name: eck-operator\n {4}version: "?3\.5\.0/)
  t.like(object(lab, 'Elasticsearch', 'elasticsearch'), {spec: {version: '9.5.2'}})
  t.like(object(lab, 'Kibana', 'kibana'), {
    spec: {
      version: '9.5.2',
      elasticsearchRef: {name: 'elasticsearch'},
      secureSettings: [{secretName: 'kibana-encryption-keys'}],
    },
  })
})

test('InfluxDB 1.x with database opentsdb -> 1.12 with the opentsdb listener', (t) => {
  const config = data(lab, 'influxdb')['influxdb.conf'] ?? ''
  t.regex(config, /\[\[opentsdb\]\]\n {2}enabled = true\n {2}bind-address = ":4242"\n {2}database = "opentsdb"/)
  t.regex(images(object(lab, 'StatefulSet', 'influxdb')), /influxdb:1\.12\.4/)
  t.like(object(lab, 'Service', 'influxdb'), {spec: {ports: [{port: 8086}, {name: 'opentsdb', port: 4242}]}})
})

test('Grafana with admin/admin and things done by hand -> provisioned datasources and dashboards, no default password', (t) => {
  t.regex(chart('cloud-observability'), /name: grafana\n {4}version: "?12\.11\.1/)
  t.regex(file('charts/cloud-observability/values.yaml'), /existingSecret: grafana-admin/)
  const values = file('environments/lab/rendered/cloud/cloud-observability.values.yaml')
  for (const type of ['influxdb', 'elasticsearch', 'jaeger']) t.regex(values, new RegExp(`type: ${type}\n`))
  t.deepEqual(Object.keys(data(lab, 'grafana-dashboards')), ['fleet.json', 'node.json', 'logs.json'])
})

test('Netdata parent exporting to InfluxDB -> the same over TLS with a key per edge, the export a choice', (t) => {
  const parent = data(lab, 'netdata-parent')
  t.regex(parent['netdata.conf'] ?? '', /bind to = .*\*:19999=streaming\^SSL=force/)
  t.regex(parent['start.sh'] ?? '', /for file in \/keys\/\*/)
  t.regex(parent['exporting.conf'] ?? '', /\[opentsdb:influxdb\]\n {4}enabled = yes\n {4}destination = influxdb:4242/)
  t.notRegex(data(factory, 'netdata-parent')['exporting.conf'] ?? '', /enabled = yes/)
  t.like(object(lab, 'IngressRouteTCP', 'netdata-parent'), {spec: {entryPoints: ['netdata'], tls: {passthrough: true}}})
})

test('Jaeger 1 collector and query -> Jaeger 2 on Elasticsearch behind an OpenTelemetry gateway', (t) => {
  t.regex(images(object(lab, 'Deployment', 'jaeger')), /jaegertracing\/jaeger:2\./)
  t.regex(data(lab, 'jaeger')['jaeger.yaml'] ?? '', /server_urls:\n\s+- "https:\/\/elasticsearch-es-http:9200"/)
  t.regex(data(lab, 'otel-gateway')['gateway.yaml'] ?? '', /otlp_grpc:\n\s+endpoint: "jaeger:4317"/)
})

test('k3s --disable-agent, smarter-cni, no CoreDNS -> a choice; flannel with CoreDNS otherwise', (t) => {
  t.like(object(labEdge, 'DaemonSet', 'smarter-cni'), {spec: {template: {spec: {hostNetwork: true}}}})
  t.is(
    objects(line).find(({metadata}) => metadata.name === 'smarter-cni'),
    undefined,
  )
})

test('namespace observability and elastic-credentials -> the same names', (t) => {
  t.like(object(labEdge, 'Namespace', 'observability'), {
    metadata: {labels: {'pod-security.kubernetes.io/enforce': 'privileged'}},
  })
  t.regex(JSON.stringify(object(line, 'DaemonSet', 'fluent-bit')), /"secretKeyRef":\{"name":"elastic-credentials"/)
})

test('Netdata child, privileged -> the same with what it needs only, retention on disk and replication', (t) => {
  const child = object(line, 'DaemonSet', 'netdata-child')
  t.notRegex(JSON.stringify(child), /"privileged":true/)
  t.truthy(object(line, 'ServiceAccount', 'netdata-child'))
  t.truthy(object(line, 'ClusterRole', 'netdata-child'))
  t.regex(data(line, 'netdata-child')['netdata.conf'] ?? '', /db = dbengine/)
  t.regex(data(line, 'netdata-child')['netdata.conf'] ?? '', /\[web\]\n {4}mode = none/)
  t.regex(
    data(line, 'netdata-child')['stream.conf'] ?? '',
    /destination = tcp:netdata-192-168-1-240\.nip\.io:19999:SSL/,
  )
})

test('Fluent Bit to logstash-* -> 5.1.3 or later, disk buffer, at least once, ids, an index per cluster', (t) => {
  t.regex(images(object(line, 'DaemonSet', 'fluent-bit')), /fluent-bit:5\.1\.3/)
  const config = data(line, 'fluent-bit')['fluent-bit.yaml'] ?? ''
  for (const option of [
    'storage.checksum: "off"',
    'storage.sync: "full"',
    'storage.type: "filesystem"',
    'retry_limit: "no_limits"',
    'id_key: "$eid"',
    'logstash_prefix: "logstash-line-1"',
    'use_kubelet: "on"',
  ]) {
    t.true(config.includes(option), option)
  }
})

test('Jaeger agent on UDP 6831 with prefixed names -> OpenTelemetry collector with the same port and prefix', (t) => {
  const config = data(labEdge, 'otel-agent')['agent.yaml'] ?? ''
  t.regex(config, /thrift_compact:\n\s+endpoint: "0\.0\.0\.0:6831"/)
  t.regex(config, /otlp:\n\s+protocols:\n\s+grpc:/)
  t.regex(config, /service\.name\\"\], Concat\(\[\\"\$\{env:NODE_NAME\}\\"/)
  t.regex(config, /carbon:\n\s+endpoint: "127\.0\.0\.1:12003"/)
  t.regex(config, /fsync: true/)
})

test('demo client, formatter, publisher -> the same DaemonSets, labels and port', (t) => {
  for (const [part, port] of [
    ['client', 8080],
    ['formatter', 8081],
    ['publisher', 8082],
  ] as const) {
    t.like(object(labEdge, 'DaemonSet', part), {
      spec: {
        template: {
          spec: {nodeSelector: {[part]: 'yes'}, hostNetwork: true, containers: [{ports: [{hostPort: port}]}]},
        },
      },
    })
    t.is(
      objects(line).find(({metadata}) => metadata.name === part),
      undefined,
    )
  }
})

test('jaeger-query-, kibana-, netdata-, grafana-<dashed IP>.nip.io -> the same names', (t) => {
  const hosts = objects(lab)
    .filter(({kind}) => kind === 'Ingress')
    .flatMap((ingress) => (ingress as unknown as {spec: {rules: {host: string}[]}}).spec.rules.map(({host}) => host))
  for (const service of ['jaeger-query', 'kibana', 'netdata']) t.true(hosts.includes(`${service}-18-34-90-214.nip.io`))
  const grafana = file('environments/lab/rendered/cloud/cloud-observability.values.yaml')
  t.regex(grafana, /hosts:\n\s+- grafana-18-34-90-214\.nip\.io/)
  for (const service of ['jaeger-query', 'kibana', 'netdata', 'grafana']) {
    t.true(file('environments/lab/README.md').includes(`<https://${service}-18-34-90-214.nip.io>`))
  }
})

test('Helm 2 and Tiller, envsubst, kubectl apply -> Flux releases per layer', (t) => {
  for (const layer of ['cloud-operators', 'cloud-platform', 'cloud-observability']) {
    t.regex(file(`clusters/lab/cloud/${layer}.yaml`), /kind: HelmRelease/)
  }
})

function objects(site: Site): KubernetesObject[] {
  const used = layersOf(site, layerDefinitions).flatMap(({components}) => components)
  return used.flatMap((component) =>
    component.kind === 'own' && isEnabled(component, site) ? objectsOf(component, valuesOf(component, site)) : [],
  )
}

function object(site: Site, kind: string, name: string): KubernetesObject & Record<string, unknown> {
  const found = objects(site).find((candidate) => candidate.kind === kind && candidate.metadata.name === name)
  if (!found) throw new Error(`${site.cluster.name} has no ${kind} ${name}`)
  return found as KubernetesObject & Record<string, unknown>
}

function data(site: Site, name: string): Record<string, string> {
  return object(site, 'ConfigMap', name).data as Record<string, string>
}

function images(workload: object): string {
  return [...JSON.stringify(workload).matchAll(/"image":"([^"]+)"/g)].map(([, image]) => image).join(' ')
}

function chart(layer: string): string {
  return file(`charts/${layer}/Chart.yaml`)
}

function file(path: string): string {
  const content = files[path]
  if (content === undefined) throw new Error(`nothing is rendered to ${path}`)
  return content
}
