import type {IService} from 'kubernetes-models/v1'
import type {KubernetesObject} from '../../component.ts'
import {type Pods, podsOf} from '../../tree/pods.ts'
import type {Placed, RenderedCluster} from '../../tree/tree.ts'
import {within} from '../facts/agents.ts'
import {selects, targetPort} from '../facts/exposures.ts'
import {hasLabels} from '../facts/labels.ts'
import {type Policy, policiesFor, type Selector} from '../facts/policies.ts'
import {textsOf} from '../facts/texts.ts'
import type {Finding} from '../gate.ts'
import type {Context, Say} from './context.ts'

/** Whom a NetworkPolicy lets in, and whom all policies of its pods should. */
export function policyFindings({cluster}: Context, {object}: Placed, say: Say): Finding[] {
  const policy = (within(object, 'spec') ?? {}) as Policy
  const {namespace} = object.metadata
  const peers = (policy.ingress ?? []).flatMap(({from = []}) => from)
  const guarded = podsOf(cluster).filter((each) => each.namespace === namespace && isTaken(policy, each))
  const ports = (policy.ingress ?? []).flatMap(({ports: all = []}) => all.flatMap(({port}) => port ?? []))
  return [
    ...[policy, ...peers].flatMap((selector) => lost(cluster, selector, say)),
    ...ports
      .filter((port) => guarded.every((each) => targetPort(each, port) === undefined))
      .map((port) => say(`it opens port ${port}, which its pods do not have`)),
    ...guarded.flatMap((pods) => shutOut(cluster, pods, say)),
  ]
}

function isTaken({podSelector}: Selector, {labels}: Pods): boolean {
  return hasLabels(labels, podSelector?.matchLabels)
}

/** Labels that no pod has, but for those of published charts, whose pods carry the name of the chart. */
function lost(cluster: RenderedCluster, selector: Selector, say: Say): Finding[] {
  const {matchLabels = {}} = selector.podSelector ?? {}
  const name = matchLabels['app.kubernetes.io/name']
  const isThere =
    cluster.charts.some(({component}) => component.name === name) ||
    podsOf(cluster).some((each) => isTaken(selector, each))
  if (isThere) return []
  const labels = Object.entries(matchLabels).map(([key, value]) => `${key}: ${value}`)
  return [say(`no pod has ${labels.join(', ')}`)]
}

/** Who calls guarded pods through a Service, by its configuration, must be let in: policies apply to the port of the pod. */
function shutOut(cluster: RenderedCluster, guarded: Pods, say: Say): Finding[] {
  const services = cluster.objects.filter(
    ({object}) =>
      object.kind === 'Service' &&
      object.metadata.namespace === guarded.namespace &&
      selects(object as Service, guarded),
  )
  const callers = podsOf(cluster).filter(
    (pods) => pods.isOwn && pods.namespace === guarded.namespace && pods !== guarded,
  )
  return services.flatMap(({object}) =>
    ((object as Service).spec?.ports ?? []).flatMap(({port, targetPort: target = port}) => {
      const asked = new RegExp(`(?<![\\w.-])${object.metadata.name}:${port}\\b`)
      const own = targetPort(guarded, target)
      return callers
        .filter((pods) => textsOf(cluster, pods).some((text) => asked.test(text)))
        .filter((pods) => own !== undefined && !isLetIn(cluster, guarded, own, pods))
        .map(({by}) => say(`it keeps ${by} from ${object.metadata.name}:${port}, which its configuration calls`))
    }),
  )
}

type Service = IService & KubernetesObject

/** Policies add up, and a rule without peers or ports means all (kubernetes.io/docs/concepts/services-networking/network-policies). */
function isLetIn(cluster: RenderedCluster, guarded: Pods, port: number, caller: Pods): boolean {
  return policiesFor(cluster, guarded).some(({ingress = []}) =>
    ingress.some(({from, ports}) => {
      const opens =
        ports === undefined || ports.some((each) => each.port === undefined || targetPort(guarded, each.port) === port)
      const takes = from === undefined || from.some((peer) => peer.podSelector === undefined || isTaken(peer, caller))
      return opens && takes
    }),
  )
}
