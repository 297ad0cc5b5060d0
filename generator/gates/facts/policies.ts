import type {Pods} from '../../tree/pods.ts'
import type {RenderedCluster} from '../../tree/tree.ts'
import {within} from './agents.ts'
import {hasLabels} from './labels.ts'

export interface Selector {
  podSelector?: {matchLabels?: Record<string, string>}
}

/** What a NetworkPolicy says of those who come in. */
export interface Policy extends Selector {
  policyTypes?: readonly string[]
  ingress?: readonly {from?: readonly Selector[]; ports?: readonly {port?: string | number}[]}[]
}

/** The policies that say who may come in to pods; none where everybody may. */
export function policiesFor({objects}: RenderedCluster, {labels, namespace}: Pods): Policy[] {
  return objects
    .filter(({object}) => object.kind === 'NetworkPolicy' && object.metadata.namespace === namespace)
    .map(({object}) => (within(object, 'spec') ?? {}) as Policy)
    .filter(({policyTypes = ['Ingress']}) => policyTypes.includes('Ingress'))
    .filter(({podSelector}) => hasLabels(labels, podSelector?.matchLabels))
}
