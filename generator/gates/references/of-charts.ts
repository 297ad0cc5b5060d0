import {containersOf, podsOf, valueAt} from '../../tree/pods.ts'
import {nameOf, placeOf} from '../../tree/tree.ts'
import {textWithin} from '../facts/agents.ts'
import {about, type Finding} from '../gate.ts'
import {type Context, has, render, type Say} from './context.ts'
import {issuerFindings} from './of-objects.ts'

/** What is there for somebody, and nobody takes it. */
export function unused({cluster}: Context): Finding[] {
  const pods = podsOf(cluster)
  const read = new Set([
    ...pods.flatMap(({spec}) => (spec.volumes ?? []).flatMap(({configMap}) => configMap?.name ?? [])),
    ...pods.flatMap(({spec}) =>
      containersOf(spec).flatMap(({envFrom = []}) => envFrom.flatMap(({configMapRef}) => configMapRef?.name ?? [])),
    ),
    ...cluster.charts.flatMap(({values}) =>
      Object.values((valueAt(values, 'dashboardsConfigMaps') ?? {}) as Record<string, string>),
    ),
  ])
  const granted = new Set(cluster.objects.map(({object}) => textWithin(object, 'roleRef', 'name')))
  return cluster.objects.flatMap((placed) => {
    const {kind, metadata} = placed.object
    const isLost =
      (kind === 'ConfigMap' && !read.has(metadata.name)) ||
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

/** What values of published charts name. */
export function chartFindings(context: Context): Finding[] {
  return context.cluster.charts.flatMap((release) => {
    const {component, values, namespace} = release
    const maps = Object.values((valueAt(values, 'dashboardsConfigMaps') ?? {}) as Record<string, string>)
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
      ...maps
        .filter((name) => !has(context, 'ConfigMap', namespace, name))
        .map((name) => say(`its dashboards are in ConfigMap ${name}, which nothing makes`)),
      ...(issuer === undefined ? [] : issuerFindings(context, issuer, say)),
    ]
  })
}
