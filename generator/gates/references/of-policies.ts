import type {IService} from 'kubernetes-models/v1'
import type {KubernetesObject} from '../../component.ts'
import {type Pods, podsOf} from '../../tree/pods.ts'
import type {Placed, RenderedCluster} from '../../tree/tree.ts'
import {within} from '../facts/agents.ts'
import {selects, targetPort} from '../facts/exposures.ts'
import type {Finding} from '../gate.ts'
import {type Context, type Say, textsOf} from './context.ts'

interface PodSelector {
  podSelector?: {matchLabels?: Record<string, string>}
}

/** Whom a NetworkPolicy lets in, and whom it should. */
export function policyFindings({cluster}: Context, {object}: Placed, say: Say): Finding[] {
  const own = within(object, 'spec') as PodSelector & {ingress?: {from?: PodSelector[]; ports?: {port: number}[]}[]}
  const selectors = [own, ...(own.ingress ?? []).flatMap(({from = []}) => from)]
  const pods = podsOf(cluster)
  const charts = new Set(cluster.charts.map(({component}) => component.name))
  const lost = selectors.flatMap(({podSelector}) => {
    const labels = Object.entries(podSelector?.matchLabels ?? {})
    const isThere =
      charts.has(podSelector?.matchLabels?.['app.kubernetes.io/name'] ?? '') ||
      pods.some((each) => labels.every(([key, value]) => each.labels[key] === value))
    return isThere ? [] : [say(`no pod has ${labels.map(([key, value]) => `${key}: ${value}`).join(', ')}`)]
  })
  const guarded = pods.filter(({labels}) =>
    Object.entries(own.podSelector?.matchLabels ?? {}).every(([key, value]) => labels[key] === value),
  )
  const ports = (own.ingress ?? []).flatMap(({ports: all = []}) => all.map(({port}) => port))
  const closed = ports.filter((port) => guarded.every((each) => targetPort(each, port) === undefined))
  return [
    ...lost,
    ...closed.map((port) => say(`it opens port ${port}, which its pods do not have`)),
    ...shutOut(cluster, object, guarded, own, say),
  ]
}

/** Who calls a guarded Service by its configuration must be let in. */
function shutOut(
  cluster: RenderedCluster,
  object: KubernetesObject,
  guarded: readonly Pods[],
  policy: {ingress?: {from?: PodSelector[]; ports?: {port: number}[]}[]},
  say: Say,
): Finding[] {
  const services = cluster.objects.filter(
    ({object: each}) =>
      each.kind === 'Service' && guarded.some((pods) => selects(each as IService & KubernetesObject, pods)),
  )
  const callers = podsOf(cluster).filter(
    (pods) => pods.isOwn && pods.namespace === object.metadata.namespace && !guarded.includes(pods),
  )
  return services.flatMap(({object: service}) =>
    ((within(service, 'spec', 'ports') ?? []) as {port: number}[]).flatMap(({port}) => {
      const allowed = (policy.ingress ?? [])
        .filter(({ports = []}) => ports.some((each) => each.port === port))
        .flatMap(({from = []}) => from)
      return callers
        .filter((pods) =>
          textsOf(cluster, pods).some((text) =>
            new RegExp(`(?<![\\w.-])${service.metadata.name}:${port}\\b`).test(text),
          ),
        )
        .filter(
          ({labels}) =>
            !allowed.some(({podSelector}) =>
              Object.entries(podSelector?.matchLabels ?? {}).every(([key, value]) => labels[key] === value),
            ),
        )
        .map(({by}) => say(`it keeps ${by} from ${service.metadata.name}:${port}, which its configuration calls`))
    }),
  )
}
