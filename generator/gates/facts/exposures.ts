import type {IIngress} from 'kubernetes-models/networking.k8s.io/v1'
import type {IService} from 'kubernetes-models/v1'
import type {KubernetesObject} from '../../component.ts'
import {merge} from '../../model/merge.ts'
import {oncePer} from '../../tree/once.ts'
import {type Pods, podsOf, valueAt} from '../../tree/pods.ts'
import type {Placed, RenderedCluster} from '../../tree/tree.ts'
import {hasLabels} from './labels.ts'

/** Something that the cloud offers to the outside: a name, a port, and who answers there. */
export interface Exposure {
  placed: Placed
  /** `*` answers to every name. */
  host: string
  port: number
  /** Who shows the certificate: the ingress, the server behind it, or a route that should leave it to the server. */
  tls: 'ingress' | 'server' | 'route'
  backend: Backend
}

export interface Backend {
  namespace: string
  service: string
  port: number
}

/** The ports on which Traefik's chart listens where its values say nothing else (traefik 41.3.0 values.yaml, ports). */
const defaultPorts = {
  web: {exposedPort: 80, expose: {default: true}},
  websecure: {exposedPort: 443, expose: {default: true}},
}

/** Ports of the ingress by entry point, as far as its Service has them. */
export function entryPoints({charts}: RenderedCluster): Map<string, number> {
  const traefik = charts.find(({component}) => component.name === 'traefik')
  if (!traefik) return new Map()
  const values = (valueAt(traefik.values, 'ports') ?? {}) as Record<string, EntryPoint>
  const declared = Object.entries(merge(defaultPorts, values)).flatMap(([name, entryPoint]): [string, number][] => {
    const {port, exposedPort = port, expose} = entryPoint as EntryPoint
    return expose?.default && exposedPort !== undefined ? [[name, exposedPort]] : []
  })
  return new Map(declared)
}

interface EntryPoint {
  port?: number
  exposedPort?: number
  expose?: {default?: boolean}
}

/** All that the ingress of the cloud offers. */
export const exposuresOf = oncePer((cloud: RenderedCluster): readonly Exposure[] => {
  const ports = entryPoints(cloud)
  const made = cloud.objects.flatMap((placed) => exposuresBy(placed, ports))
  return [
    ...made,
    ...cloud.charts.flatMap(({component, values, namespace, file}): Exposure[] => {
      const hosts = (valueAt(values, 'ingress.hosts') ?? []) as string[]
      const object = {apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: {name: component.name, namespace}}
      const backend = {namespace, service: component.name, port: 80}
      return hosts.map((host) => ({placed: {object, file}, host, port: 443, tls: 'ingress', backend}))
    }),
  ]
})

function exposuresBy(placed: Placed, ports: ReadonlyMap<string, number>): Exposure[] {
  const {object} = placed
  if (object.kind === 'Ingress') return byIngress(placed, object as IIngress & KubernetesObject, ports)
  return object.kind === 'IngressRouteTCP' ? byRoute(placed, ports) : []
}

function byIngress(
  placed: Placed,
  {spec, metadata}: IIngress & KubernetesObject,
  ports: ReadonlyMap<string, number>,
): Exposure[] {
  const port = ports.get('websecure')
  if (port === undefined) return []
  const secured = new Set((spec?.tls ?? []).flatMap(({hosts = []}) => hosts))
  return (spec?.rules ?? []).flatMap(({host = '*', http}) =>
    (http?.paths ?? []).flatMap(({backend}): Exposure[] => {
      if (!secured.has(host) || !backend.service) return []
      const to = {
        namespace: metadata.namespace ?? '',
        service: backend.service.name,
        port: backend.service.port?.number ?? 0,
      }
      return [{placed, host, port, tls: 'ingress', backend: to}]
    }),
  )
}

interface Route {
  entryPoints?: string[]
  routes?: {match: string; services: {name: string; port: number}[]}[]
  tls?: {passthrough?: boolean}
}

function byRoute(placed: Placed, ports: ReadonlyMap<string, number>): Exposure[] {
  const {spec = {}} = placed.object as unknown as {spec?: Route}
  const namespace = placed.object.metadata.namespace ?? ''
  return (spec.entryPoints ?? []).flatMap((entryPoint) => {
    const port = ports.get(entryPoint)
    if (port === undefined) return []
    return (spec.routes ?? []).flatMap(({match, services}) => {
      const host = /^HostSNI\(`([^`]+)`\)$/.exec(match)?.[1]
      const [service] = services
      if (!host || !service) return []
      const backend = {namespace, service: service.name, port: service.port}
      return [{placed, host, port, tls: spec.tls?.passthrough ? ('server' as const) : ('route' as const), backend}]
    })
  })
}

/** The pods behind a Service, and the port on which they are asked; undefined where the Service leads nowhere. */
export function behind(
  cluster: RenderedCluster,
  {namespace, service, port}: Backend,
): {pods: Pods; port: number} | undefined {
  const found = serviceNamed(cluster, namespace, service)
  const entry = found?.spec?.ports?.find((each) => each.port === port)
  if (!found || !entry) return undefined
  const pods = podsOf(cluster).find((each) => each.namespace === namespace && selects(found, each))
  const target = pods && targetPort(pods, entry.targetPort ?? port)
  return pods && target !== undefined ? {pods, port: target} : undefined
}

type Service = IService & KubernetesObject

function serviceNamed({objects}: RenderedCluster, namespace: string, name: string): Service | undefined {
  const found = objects.find(
    ({object: {kind, metadata}}) => kind === 'Service' && metadata.name === name && metadata.namespace === namespace,
  )
  return found?.object as Service | undefined
}

/** Whether a Service leads to pods; one without a selector leads nowhere by itself. */
export function selects({spec}: Service, {labels}: Pods): boolean {
  return Object.keys(spec?.selector ?? {}).length > 0 && hasLabels(labels, spec?.selector)
}

/** The number of a port that a Service names by number or by the name that a container gives it. */
export function targetPort({spec}: Pods, port: string | number): number | undefined {
  const ports = spec.containers.flatMap((container) => container.ports ?? [])
  return ports.find(({name, containerPort}) => name === port || containerPort === port)?.containerPort
}

/** Services that operators and published charts make, as NAMESPACE/NAME:PORT. */
function servicesOfOthers({objects, charts}: RenderedCluster): Set<string> {
  const made: Readonly<Record<string, (name: string) => string>> = {
    Elasticsearch: (name) => `${name}-es-http:9200`,
    Kibana: (name) => `${name}-kb-http:5601`,
  }
  return new Set([
    ...objects.flatMap(({object: {kind, metadata}}) => {
      const service = made[kind]?.(metadata.name)
      return service ? [`${metadata.namespace}/${service}`] : []
    }),
    ...charts.filter(({component}) => component.name === 'grafana').map(({namespace}) => `${namespace}/grafana:80`),
  ])
}

/** All services of a cluster, as NAMESPACE/NAME:PORT. */
export const servicesIn = oncePer((cluster: RenderedCluster): ReadonlySet<string> => {
  const own = cluster.objects.flatMap(({object}) => {
    if (object.kind !== 'Service') return []
    const {namespace, name} = object.metadata
    return ((object as Service).spec?.ports ?? []).map(({port}) => `${namespace}/${name}:${port}`)
  })
  return new Set([...own, ...servicesOfOthers(cluster)])
})
