import {containersOf, type Pods, podsOf, valueAt} from '../../tree/pods.ts'
import {nameOf, placeOf, type UpstreamRelease} from '../../tree/tree.ts'
import {textWithin} from '../facts/agents.ts'
import {about, type Finding} from '../gate.ts'
import {type Context, has, render, type Say} from './context.ts'
import {issuerFindings} from './of-objects.ts'

/** What is there for somebody, and nobody takes it. */
export function unused({cluster}: Context): Finding[] {
  const read = new Set([...podsOf(cluster).flatMap(configMapsReadBy), ...cluster.charts.flatMap(configMapsOfChart)])
  const granted = new Set(cluster.objects.map(({object}) => textWithin(object, 'roleRef', 'name')))
  return cluster.objects.flatMap((placed) => {
    const {kind, metadata} = placed.object
    const isLost =
      (kind === 'ConfigMap' && !read.has(`${metadata.namespace}/${metadata.name}`)) ||
      (/^(Cluster)?Role$/.test(kind) && !granted.has(metadata.name))
    return isLost
      ? [
          about(
            placed,
            cluster,
            `${nameOf(placed.object)}: ${kind === 'ConfigMap' ? 'no pod reads it' : 'it is granted to nobody'}`,
            render,
          ),
        ]
      : []
  })
}

/** By volumes, variables and whole maps of variables, as NAMESPACE/NAME. */
function configMapsReadBy({spec, namespace}: Pods): string[] {
  const volumes = (spec.volumes ?? []).flatMap(({configMap, projected}) => [
    configMap?.name,
    ...(projected?.sources ?? []).map((source) => source.configMap?.name),
  ])
  const variables = containersOf(spec).flatMap(({env = [], envFrom = []}) => [
    ...envFrom.map(({configMapRef}) => configMapRef?.name),
    ...env.map(({valueFrom}) => valueFrom?.configMapKeyRef?.name),
  ])
  return [...volumes, ...variables].filter(Boolean).map((name) => `${namespace}/${name}`)
}

function configMapsOfChart(release: UpstreamRelease): string[] {
  return dashboardsOf(release).map((name) => `${release.namespace}/${name}`)
}

/** Names of the ConfigMaps that a chart takes dashboards from. */
function dashboardsOf({values}: UpstreamRelease): string[] {
  return Object.values((valueAt(values, 'dashboardsConfigMaps') ?? {}) as Record<string, string>)
}

/** What values of published charts name. */
export function chartFindings(context: Context): Finding[] {
  return context.cluster.charts.flatMap((release) => {
    const {component, values, namespace} = release
    const issuer = (valueAt(values, 'ingress.annotations') as Record<string, string> | undefined)?.[
      'cert-manager.io/cluster-issuer'
    ]
    const say: Say = (message, fix = render) =>
      about(placeOf(release), context.cluster, `Chart ${component.chart.name}: ${message}`, fix)
    const hosts = (valueAt(values, 'ingress.hosts') ?? []) as string[]
    const tls = (valueAt(values, 'ingress.tls') ?? []) as {hosts?: string[]}[]
    const secured = tls.flatMap(({hosts: names = []}) => names)
    return [
      ...hosts.filter((host) => !secured.includes(host)).map((host) => say(`${host} has no certificate`)),
      ...dashboardsOf(release)
        .filter((name) => !has(context, 'ConfigMap', namespace, name))
        .map((name) => say(`its dashboards are in ConfigMap ${name}, which nothing makes`)),
      ...(issuer === undefined ? [] : issuerFindings(context, issuer, say)),
    ]
  })
}
