import type {IKustomization} from '@kubernetes-models/flux-cd/kustomize.toolkit.fluxcd.io/v1'
import type {Site} from '../component.ts'
import type {Data} from '../yaml/data.ts'
import {clusterFolder} from './engine.ts'
import {fluxNamespace, sourceName} from './git-repository.ts'
import {intervalsOf} from './intervals.ts'

/** Where what decrypts for a cluster stands, and what it reads there. */
export interface DecryptionPlace {
  namespace: string
  name: string
  /** Secret with the age key of the cluster, as `age.agekey`, which bootstrapping puts there. */
  ageSecret: string
  /** Secret with the kubeconfig of a cluster that is served from here. */
  kubeconfig?: string
  annotations?: Record<string, string>
}

/** The key of `ageSecret`. */
export const ageKey = 'age.agekey'

/**
 * What lets the kustomize-controller of Flux decrypt the Secrets of a cluster into it
 * (fluxcd/kustomize-controller docs/spec/v1/kustomizations.md, "Decryption"). It stands apart from what applies the
 * releases: a key that does not fit holds up nothing else. At the edge a release makes the namespace, so it is tried
 * again soon.
 */
export function secretsKustomization(site: Site, place: DecryptionPlace): IKustomization {
  const {namespace, name, ageSecret, kubeconfig, annotations} = place
  const source = {name: sourceName, ...(namespace === fluxNamespace ? {} : {namespace: fluxNamespace})}
  return {
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: {name, namespace, ...(annotations ? {annotations} : {})},
    spec: {
      sourceRef: {kind: 'GitRepository', ...source},
      path: `./${clusterFolder(site.environment, site.cluster.name)}/secrets`,
      interval: intervalsOf(site).release,
      retryInterval: '30s',
      timeout: '5m',
      prune: true,
      // A Secret that Git strikes out goes; but nobody is locked out because this object went.
      deletionPolicy: 'Orphan',
      wait: false,
      decryption: {provider: 'sops', secretRef: {name: ageSecret}},
      ...(kubeconfig ? {kubeConfig: {secretRef: {name: kubeconfig, key: 'value'}}} : {}),
    },
  }
}

/**
 * A folder of its own for it, because what applies the releases must not see the encrypted file. Flux builds with
 * access to all of the repository.
 */
export function secretsFolder(): Record<string, Data> {
  const resources = ['../secrets.sops.yaml']
  return {
    'secrets/kustomization.yaml': {apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources},
  }
}
