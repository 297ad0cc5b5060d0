import type {KubernetesObject} from '../../../generator/component.ts'
import type {Api, LiveObject} from './api.ts'

/** Pods of a namespace that the real admission plugin refuses at a pod security level, in words. */
export async function refusedBy(level: string, namespace: string, api: Api): Promise<string[]> {
  const probe = `probe-${level}-${namespace}`
  const labels = {'pod-security.kubernetes.io/enforce': level}
  const account = {apiVersion: 'v1', kind: 'ServiceAccount', metadata: {name: 'default', namespace: probe}}
  await api.apply({apiVersion: 'v1', kind: 'Namespace', metadata: {name: probe, labels}})
  await api.apply(account)
  const refused: string[] = []
  for (const pod of await api.list('v1', 'Pod', namespace)) {
    const message = await refusal(api, pod, probe)
    if (message) refused.push(message)
  }
  await api.delete({apiVersion: 'v1', kind: 'Namespace', name: probe})
  return refused
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
