import type {KubernetesObject} from '../../component.ts'
import type {RenderedCluster} from '../../tree/tree.ts'
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

/** Whether the cluster has an object, from this repository or from the start. */
export function has({known}: Context, kind: string, namespace: string, name: string): boolean {
  return known.has(`${kind} ${namespace}/${name}`) || isBuiltIn(kind, name)
}

/** What every cluster has (kubernetes.io/docs/reference/access-authn-authz/rbac, "Default roles and role bindings"). */
function isBuiltIn(kind: string, name: string): boolean {
  if (kind === 'ServiceAccount') return name === 'default'
  if (kind === 'ConfigMap') return name === 'kube-root-ca.crt'
  return kind === 'ClusterRole' && /^(system:.*|cluster-admin|admin|edit|view)$/.test(name)
}

/** What mends most of it. */
export const render = 'run npm run render; where it was changed by hand, write a name that is there'

/** A finding about the object that is looked at. */
export type Say = (message: string, fix?: string, mark?: string) => Finding

/** Namespaces that every cluster has, or that bootstrapping makes. */
export const given = new Set(['default', 'kube-system', 'flux-system', 'argocd'])
