import type {INamespace} from 'kubernetes-models/v1'
import {podSecurityLabels} from '../model/pod-security.ts'
import type {Release} from './engine.ts'

/** The namespaces of releases with the pod security levels that they enforce. */
export function namespacesOf(releases: readonly Release[], annotations: Record<string, string>): INamespace[] {
  return releases.map(({definition}) =>
    namespace(definition.namespace, {labels: podSecurityLabels(definition.podSecurity), annotations}),
  )
}

export function namespace(
  name: string,
  metadata: {labels?: Record<string, string>; annotations: Record<string, string>},
): INamespace {
  return {apiVersion: 'v1', kind: 'Namespace', metadata: {name, ...metadata}}
}
