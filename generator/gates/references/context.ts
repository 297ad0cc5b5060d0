import type {IVolume} from 'kubernetes-models/v1'
import type {KubernetesObject} from '../../component.ts'
import {containersOf, type Pods} from '../../tree/pods.ts'
import type {RenderedCluster} from '../../tree/tree.ts'
import {dataOf} from '../facts/agents.ts'
import type {Finding} from '../gate.ts'

/** A cluster with the names of all its objects. */
export interface Context {
  cluster: RenderedCluster
  known: ReadonlySet<string>
}

/** Kind, namespace and name. */
export function idOf({kind, metadata}: KubernetesObject): string {
  return `${kind} ${metadata.namespace ?? ''}/${metadata.name}`
}

export function has({known}: Context, kind: string, namespace: string, name: string): boolean {
  return known.has(`${kind} ${namespace}/${name}`)
}

/** What mends most of it. */
export const render = 'run npm run render; where it was changed by hand, write a name that is there'

/** A finding about the object that is looked at. */
export type Say = (message: string, fix?: string, mark?: string) => Finding

/** Files and variables of pods, as text. */
export function textsOf(cluster: RenderedCluster, {spec, namespace}: Pods): string[] {
  const maps = (spec.volumes ?? []).flatMap(({configMap}: IVolume) => configMap?.name ?? [])
  const files = cluster.objects.filter(
    ({object}) =>
      object.kind === 'ConfigMap' && object.metadata.namespace === namespace && maps.includes(object.metadata.name),
  )
  return [
    ...files.flatMap(({object}) => Object.values(dataOf(object))),
    ...containersOf(spec).flatMap(({env = []}) => env.map(({value = ''}) => value)),
  ]
}

/** Namespaces that every cluster has, or that bootstrapping makes. */
export const given = new Set(['default', 'kube-system', 'flux-system', 'argocd'])
