import type {IClusterRole, IClusterRoleBinding, IPolicyRule} from 'kubernetes-models/rbac.authorization.k8s.io/v1'
import type {IServiceAccount} from 'kubernetes-models/v1'
import type {KubernetesObject} from '../component.ts'
import {metadata, type Named} from './kubernetes.ts'

/** The pods of a node through its kubelet, by KEP-2862; nodes/proxy would also allow to run commands in them. */
export const readPodsOfNode: IPolicyRule = {apiGroups: [''], resources: ['nodes/pods'], verbs: ['get']}

/** An account in namespace observability with these rights in the whole cluster, all named as the component. */
export function clusterAccount(component: string, rules: IPolicyRule[]): KubernetesObject[] {
  const account: Named<IServiceAccount> = {apiVersion: 'v1', kind: 'ServiceAccount', metadata: metadata(component)}
  const role: Named<IClusterRole> = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: metadata(component),
    rules,
  }
  const binding: Named<IClusterRoleBinding> = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: metadata(component),
    roleRef: {apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: component},
    subjects: [{kind: 'ServiceAccount', name: component, namespace: 'observability'}],
  }
  return [account, role, binding]
}
