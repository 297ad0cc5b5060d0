import type {IGitRepository} from '@kubernetes-models/flux-cd/source.toolkit.fluxcd.io/v1'
import type {Site} from '../component.ts'
import {remoteClusters} from './engine.ts'
import {intervalsOf} from './intervals.ts'
import {onlyThisCluster} from './source-ignore.ts'

export const fluxNamespace = 'flux-system'
/** The one name of what Flux watches, in every cluster. */
export const sourceName = 'smarter'

/** What the source-controller of Flux fetches for a cluster and, where it is the cloud, for those that it serves. */
export function gitRepository(site: Site, annotations?: Record<string, string>): IGitRepository {
  const {url, branch, secret} = site.environment.git
  return {
    apiVersion: 'source.toolkit.fluxcd.io/v1',
    kind: 'GitRepository',
    metadata: {name: sourceName, namespace: fluxNamespace, ...(annotations ? {annotations} : {})},
    spec: {
      url,
      ref: {branch},
      interval: intervalsOf(site).source,
      timeout: '5m',
      ...(secret ? {secretRef: {name: secret}} : {}),
      ...(remoteClusters(site).length > 0 ? {} : {ignore: onlyThisCluster(site)}),
    },
  }
}
