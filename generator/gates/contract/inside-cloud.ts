import {valueAt} from '../../tree/pods.ts'
import {type Placed, placeOf, type RenderedCluster} from '../../tree/tree.ts'
import {dataOf, programWith, textWithin, volumeAt, within} from '../facts/agents.ts'
import {behind, exposuresOf, servicesIn} from '../facts/exposures.ts'
import {policiesFor} from '../facts/policies.ts'
import {about, type Finding} from '../gate.ts'

/** What the programs of the cloud tell each other. */
export function insideCloud(cluster: RenderedCluster): Finding[] {
  return [
    ...innerAddresses(cluster),
    ...metricDatabase(cluster),
    ...traceStore(cluster),
    ...dashboardPort(cluster),
    ...openListener(cluster),
  ]
}

/** Addresses of other services in configurations and values of the cloud: NAME:PORT without a dot. */
const innerAddress = /(?<![\w.:/@-])(?:https?:\/\/)?([a-z][a-z0-9]*(?:-[a-z0-9]+)*):(\d{2,5})(?![\w:.-])/g

function innerAddresses(cluster: RenderedCluster): Finding[] {
  const services = servicesIn(cluster)
  return [...textsOf(cluster)].flatMap(({placed, namespace, text, where}) =>
    [...text.matchAll(innerAddress)]
      .filter(([, name]) => !['localhost', 'tcp', 'udp'].includes(name ?? ''))
      .filter(([, name, port]) => !services.has(`${namespace}/${name}:${port}`))
      .map(([, name, port]) => {
        const message = `${where} calls ${name}:${port}, and no Service of namespace ${namespace} has this name and port`
        return about(
          placed,
          cluster,
          message,
          'run npm run render; where it is set by hand, write a Service that is there',
        )
      }),
  )
}

function* textsOf(
  cluster: RenderedCluster,
): Iterable<{placed: Omit<Placed, 'object'>; namespace: string; text: string; where: string}> {
  for (const placed of cluster.objects) {
    const {metadata} = placed.object
    const namespace = metadata.namespace ?? ''
    const files = Object.entries(dataOf(placed.object)).filter(([name]) => !name.endsWith('.json'))
    for (const [name, text] of files) yield {placed, namespace, text, where: `${name} of ConfigMap ${metadata.name}`}
    const containers = ['containers', 'initContainers'].flatMap(
      (key) =>
        (within(placed.object, 'spec', 'template', 'spec', key) ?? []) as {
          name: string
          env?: {name: string; value?: string}[]
        }[],
    )
    for (const {name, env = []} of containers) {
      for (const {name: variable, value} of env) {
        if (value) yield {placed, namespace, text: value, where: `${variable} of container ${name}`}
      }
    }
  }
  for (const release of cluster.charts) {
    const {component, values, namespace} = release
    const sources = (valueAt(values, 'datasources') ?? {}) as Record<
      string,
      {datasources?: {name: string; url: string}[]}
    >
    for (const {datasources = []} of Object.values(sources)) {
      for (const {name, url} of datasources)
        yield {placed: placeOf(release), namespace, text: url, where: `datasource ${name} of ${component.name}`}
    }
  }
}

/** The gateway writes into the database that InfluxDB makes, and Grafana reads that one. */
function metricDatabase(cluster: RenderedCluster): Finding[] {
  const gateway = programWith(cluster, 'gateway.yaml')
  const written = textWithin(gateway?.config('gateway.yaml'), 'exporters', 'influxdb', 'v1_compatibility', 'db')
  const store = programWith(cluster, 'influxdb.conf')
  const made = store?.pods.spec.containers[0]?.env?.find(({name}) => name === 'INFLUXDB_DB')?.value
  if (!gateway || !store || written === made) return []
  const message = `The gateway writes metrics into database "${written}", and InfluxDB makes "${made}"`
  return [about(gateway.placed, cluster, message, 'run npm run render')]
}

/** Jaeger trusts the authority that the operator of Elastic made. */
function traceStore(cluster: RenderedCluster): Finding[] {
  const jaeger = programWith(cluster, 'jaeger.yaml')
  const backends = within(jaeger?.config('jaeger.yaml'), 'extensions', 'jaeger_storage', 'backends') as
    | object
    | undefined
  return Object.values(backends ?? {}).flatMap((backend) => {
    const authority = textWithin(backend, 'elasticsearch', 'tls', 'ca_file')
    if (!jaeger || volumeAt(jaeger.pods, authority)?.secret?.secretName?.endsWith('-es-http-certs-public')) return []
    const message = `Jaeger trusts ${authority || 'nobody'}, which does not hold the authority of Elasticsearch`
    return [about(jaeger.placed, cluster, message, 'run npm run render')]
  })
}

const listenerPort = 4242

/** The OpenTSDB listener of InfluxDB has no login (docs.influxdata.com/influxdb/v1/supported_protocols/opentsdb). */
function openListener(cluster: RenderedCluster): Finding[] {
  const store = programWith(cluster, 'influxdb.conf')
  if (!store || !/^\[\[opentsdb\]\]/m.test(dataOf(store.placed.object)['influxdb.conf'] ?? '')) return []
  const policies = policiesFor(cluster, store.pods)
  const opened = policies
    .flatMap(({ingress = []}) => ingress)
    .filter(({ports}) => !ports || ports.some(({port}) => port === listenerPort))
  const isGuarded = policies.length > 0 && opened.every(({from}) => from !== undefined)
  if (isGuarded) return []
  const message =
    'InfluxDB takes metrics over OpenTSDB without a login, and no NetworkPolicy of its pods says from whom'
  return [about(store.placed, cluster, message, 'run npm run render')]
}

/** People get the dashboard of Netdata, not its port for streams. */
function dashboardPort(cluster: RenderedCluster): Finding[] {
  const parent = programWith(cluster, 'netdata.conf')
  const bind = textWithin(parent?.config('netdata.conf'), 'web', 'bind to')
  return exposuresOf(cluster).flatMap(({tls, backend, placed}) => {
    const target = tls === 'ingress' ? behind(cluster, backend) : undefined
    if (!target || target.pods.by !== parent?.pods.by || bind.includes(`:${target.port}=dashboard`)) return []
    const message = `Ingress ${placed.object.metadata.name} leads to port ${target.port} of Netdata, which shows no dashboard`
    return [about(placed, cluster, message, 'run npm run render')]
  })
}
