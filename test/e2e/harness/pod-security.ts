import type {IPodSpec} from 'kubernetes-models/v1'
import type {KubernetesObject} from '../../../generator/component.ts'
import {type PodSecurityLevel, refusals} from '../../../generator/gates/facts/pod-security.ts'
import type {Api, LiveObject} from './api.ts'

/** What the real admission plugin says of a pod at a level, and what gate schemas says. */
export interface Verdict {
  pod: string
  /** Undefined where it is admitted. */
  server: string | undefined
  gate: string[]
}

let probes = 0

/** The verdicts on all pods of a namespace. */
export async function verdicts(level: PodSecurityLevel, namespace: string, api: Api): Promise<Verdict[]> {
  // One that was deleted is terminating for a while.
  probes += 1
  const probe = `probe-${probes}-${level}`
  const labels = {'pod-security.kubernetes.io/enforce': level}
  const account = {apiVersion: 'v1', kind: 'ServiceAccount', metadata: {name: 'default', namespace: probe}}
  await api.apply({apiVersion: 'v1', kind: 'Namespace', metadata: {name: probe, labels}})
  await api.apply(account)
  const all: Verdict[] = []
  for (const pod of await api.list('v1', 'Pod', namespace)) {
    const server = await refusal(api, pod, probe)
    all.push({pod: pod.metadata.name, server, gate: refusals(pod.spec as unknown as IPodSpec, level)})
  }
  await api.delete({apiVersion: 'v1', kind: 'Namespace', name: probe})
  return all
}

/** Whether the pod, as its controller would make it there, is refused. */
async function refusal(api: Api, {metadata, spec = {}}: LiveObject, namespace: string): Promise<string | undefined> {
  const {nodeName: _node, serviceAccountName: _name, serviceAccount: _account, ...rest} = spec
  const pod = {apiVersion: 'v1', kind: 'Pod', metadata: {name: metadata.name, namespace}, spec: rest}
  try {
    await api.apply(pod as KubernetesObject, {dryRun: true})
    return undefined
  } catch (error) {
    const {message} = error as Error
    if (message.includes('violates PodSecurity')) return message
    throw error
  }
}
