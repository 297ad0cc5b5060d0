import type {ClusterNode} from '../../component.ts'
import type {Pods} from '../../tree/pods.ts'
import type {RenderedCluster} from '../../tree/tree.ts'
import {hasLabels} from './labels.ts'

/** Labels that a node has in the cluster: those that the kubelet sets, and those that the environment declares. */
function labelsOf({name, arch, labels}: ClusterNode): Record<string, string> {
  return {'kubernetes.io/os': 'linux', 'kubernetes.io/arch': arch, 'kubernetes.io/hostname': name, ...labels}
}

interface Expression {
  key: string
  operator: string
  values?: readonly string[]
}

/** The nodes that pods may be scheduled on, by node selector and required node affinity. */
export function nodesFor({site}: RenderedCluster, {spec}: Pods): ClusterNode[] {
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  return site.cluster.nodes.filter((node) => {
    const labels = labelsOf(node)
    if (!hasLabels(labels, spec.nodeSelector)) return false
    return !terms || terms.some(({matchExpressions = []}) => matchExpressions.every((each) => satisfies(labels, each)))
  })
}

function satisfies(labels: Readonly<Record<string, string>>, {key, operator, values = []}: Expression): boolean {
  const value = labels[key]
  if (operator === 'Exists') return value !== undefined
  if (operator === 'DoesNotExist') return value === undefined
  const isIn = value !== undefined && values.includes(value)
  return operator === 'NotIn' ? !isIn : isIn
}
