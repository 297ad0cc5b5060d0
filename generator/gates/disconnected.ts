import type {IContainer} from 'kubernetes-models/v1'
import {containersOf, type Pods, podsOf} from '../tree/pods.ts'
import {nameOf, type Placed, type RenderedCluster} from '../tree/tree.ts'
import {buffers} from './disconnected/on-disk.ts'
import {type ReadChart, sources} from './disconnected/sources.ts'
import {textWithin, within} from './facts/agents.ts'
import {chartFiles} from './facts/chart-file.ts'
import {about, type Finding, type Gate} from './gate.ts'

export default {
  name: 'disconnected',
  rule: 'Edge clusters need nobody to start again after a power cut, and keep what they have to say on disk, within bounds',
  reason:
    'Edge nodes lose power and uplink without warning: a pod that must pull, resolve or ask before it starts stays down for the whole outage, and what is only in memory is gone.',
  source:
    'netdata/helmchart 3.7.172 has pullPolicy Always in four places; datapath: fluent/fluent-bit issues 6995, 7573; open-telemetry/opentelemetry-collector issue 15324',
  start: (root) => {
    const chartFile = chartFiles(root)
    return {cluster: (cluster) => (cluster.site.cluster.role === 'edge' ? check(cluster, chartFile) : [])}
  },
} satisfies Gate

function check(cluster: RenderedCluster, chartFile: ReadChart): Finding[] {
  return [
    ...podsOf(cluster).flatMap((pods) => podFindings(pods, cluster)),
    ...cluster.objects.flatMap((placed) => objectFindings(placed, cluster)),
    ...sources(cluster, chartFile),
    ...buffers(cluster),
  ]
}

function podFindings(pods: Pods, cluster: RenderedCluster): Finding[] {
  const say = (message: string, fix: string) => about(pods, cluster, `${pods.by}: ${message}`, fix)
  const containers = containersOf(pods.spec)
  const {domain} = cluster.site
  return [
    ...containers.flatMap((container) => imageFindings(container, say)),
    ...(pods.spec.initContainers ?? [])
      .filter((container) => JSON.stringify(container).includes(domain))
      .map(({name}) =>
        say(
          `init container ${name} asks the cloud before anything starts`,
          'let the program itself try again, with its data on disk',
        ),
      ),
    ...(pods.spec.volumes ?? [])
      .filter(({emptyDir}) => emptyDir && emptyDir.sizeLimit === undefined)
      .map(({name}) =>
        say(`volume ${name} has no bound, and may fill the disk of the node`, 'give emptyDir a sizeLimit'),
      ),
    ...(asksClusterDns(pods)
      ? [
          say(
            'it resolves names through cluster DNS, which may not run',
            'write hostNetwork: true, or dnsPolicy: Default',
          ),
        ]
      : []),
    ...(cluster.site.cluster.cni === 'smarter' && !pods.spec.hostNetwork && pods.everyNode
      ? [say('an edge with smarter-cni has no cluster DNS and no services across nodes', 'write hostNetwork: true')]
      : []),
  ]
}

/** On the network of the node, the default falls back to the node's own (kubernetes.io/docs/concepts/services-networking/dns-pod-service). */
function asksClusterDns({spec, isOwn}: Pods): boolean {
  if (!isOwn || spec.dnsPolicy === 'Default' || spec.dnsPolicy === 'None') return false
  return !spec.hostNetwork || spec.dnsPolicy === 'ClusterFirstWithHostNet'
}

type Say = (message: string, fix: string) => Finding

function imageFindings({name, image = '', imagePullPolicy}: IContainer, say: Say): Finding[] {
  const tag = /:([^:/@]+)(@|$)/.exec(image)?.[1]
  return [
    ...(imagePullPolicy === 'IfNotPresent' || imagePullPolicy === 'Never'
      ? []
      : [
          say(
            imagePullPolicy === undefined
              ? `container ${name} leaves its imagePullPolicy to the tag`
              : `container ${name} has imagePullPolicy ${imagePullPolicy}: without an uplink it does not start`,
            'write imagePullPolicy: IfNotPresent',
          ),
        ]),
    ...(tag === 'latest' || (tag === undefined && !image.includes('@'))
      ? [say(`container ${name} runs ${image}, which is another image tomorrow`, 'write a fixed tag or a digest')]
      : []),
  ]
}

/** A node without power must not hold up the others, and no admission may need somebody who is not there. */
function objectFindings(placed: Placed, cluster: RenderedCluster): Finding[] {
  const {object} = placed
  const say = (message: string, fix: string) => about(placed, cluster, `${nameOf(object)}: ${message}`, fix)
  if (/WebhookConfiguration$/.test(object.kind)) {
    return [
      say(
        'a webhook at the edge stands between a node and its pods after a power cut',
        'leave it to the cloud, or do without',
      ),
    ]
  }
  if (object.kind !== 'DaemonSet') return []
  const strategy = within(object, 'spec', 'updateStrategy')
  const most = textWithin(strategy, 'rollingUpdate', 'maxUnavailable')
  if (textWithin(strategy, 'type') === 'RollingUpdate' && most === '100%') return []
  return [
    say(
      'a node without power counts as unavailable and holds up the update of all others',
      'write maxUnavailable: 100%',
    ),
  ]
}
