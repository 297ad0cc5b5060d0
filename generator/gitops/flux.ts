import type {IHelmRelease} from '@kubernetes-models/flux-cd/helm.toolkit.fluxcd.io/v2'
import type {IKustomization} from '@kubernetes-models/flux-cd/kustomize.toolkit.fluxcd.io/v1'
import type {Site} from '../component.ts'
import type {Data} from '../yaml/data.ts'
import {clusterFiles, clusterFolder, type Engine, type ObjectsByFile, type Release, remoteClusters} from './engine.ts'
import {fluxNamespace, gitRepository, sourceName} from './git-repository.ts'
import {type Intervals, intervalsOf} from './intervals.ts'
import {namespace, namespacesOf} from './namespaces.ts'
import {ageKey, type DecryptionPlace, secretsFolder, secretsKustomization} from './secrets-sync.ts'
import {hasWebhooks, webhookKinds} from './webhooks.ts'

/** Namespaces are never pruned: what is in a namespace goes with it. */
const keep = {'kustomize.toolkit.fluxcd.io/prune': 'disabled'}

/** Flux 2.9: a source and a HelmRelease per layer; an edge cluster with reconcile remote is served by the cloud. */
export const flux: Engine = {
  name: 'flux',
  render(site, releases) {
    const objects = site.cluster.reconcile === 'remote' ? remote(site, releases) : local(site, releases)
    const list = {'kustomization.yaml': kustomizeList(Object.keys(objects))}
    return clusterFiles(site, {...objects, ...list, ...(site.sealed ? secretsFolder() : {})})
  },
  gitSecrets: (name) => [{namespace: fluxNamespace, name, keys: ['username', 'password']}],
  remoteSecrets: (cluster) => [{namespace: remoteNamespace(cluster), name: 'kubeconfig', keys: ['value']}],
  ageSecret: ({name, reconcile}) => ({
    namespace: reconcile === 'remote' ? remoteNamespace(name) : fluxNamespace,
    name: 'sops-age',
    keys: [ageKey],
  }),
}

function local(site: Site, releases: readonly Release[]): ObjectsByFile {
  const intervals = intervalsOf(site)
  return {
    'source.yaml': gitRepository(site),
    'sync.yaml': kustomization(site, intervals),
    ...(site.cluster.role === 'cloud' ? {'namespaces.yaml': namespacesOf(releases, keep)} : {}),
    ...releaseFiles(site, releases, intervals),
    ...remoteFiles(site, intervals),
    ...secretsFile(site, {namespace: fluxNamespace, name: 'secrets', ageSecret: 'sops-age'}),
  }
}

/** In the cloud cluster, in a namespace of their own, where the kubeconfig of the edge cluster is kept too. */
function remote(site: Site, releases: readonly Release[]): ObjectsByFile {
  return {
    'namespace.yaml': namespace(remoteNamespace(site.cluster.name), {annotations: keep}),
    ...releaseFiles(site, releases, intervalsOf(site)),
    ...secretsFile(site, {
      namespace: remoteNamespace(site.cluster.name),
      name: 'secrets',
      ageSecret: 'sops-age',
      kubeconfig: 'kubeconfig',
    }),
  }
}

function secretsFile(site: Site, place: DecryptionPlace): ObjectsByFile {
  return site.sealed ? {'secrets.yaml': secretsKustomization(site, place)} : {}
}

function releaseFiles(site: Site, releases: readonly Release[], intervals: Intervals): ObjectsByFile {
  return Object.fromEntries(
    releases.map((release) => [`${release.definition.layer}.yaml`, helmRelease(site, release, intervals)]),
  )
}

function remoteFiles(site: Site, intervals: Intervals): ObjectsByFile {
  return Object.fromEntries(
    remoteClusters(site).map(({name}) => [
      `edge-${name}.yaml`,
      kustomization(site, intervals, {name: `edge-${name}`, cluster: name}),
    ]),
  )
}

function remoteNamespace(cluster: string): string {
  return `edge-${cluster}`
}

function kustomization(site: Site, {release}: Intervals, edge?: {name: string; cluster: string}): IKustomization {
  const folder = clusterFolder(site.environment, edge?.cluster ?? site.cluster.name)
  return {
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: {name: edge?.name ?? sourceName, namespace: fluxNamespace},
    spec: {
      sourceRef: {kind: 'GitRepository', name: sourceName},
      path: `./${folder}`,
      interval: release,
      retryInterval: '2m',
      timeout: '5m',
      prune: true,
      // The releases report for themselves: waiting here would hide which one is late.
      wait: false,
    },
  }
}

/**
 * Fields by fluxcd/helm-controller docs/spec/v2/helmreleases.md. `Revision`: with the default a change of values
 * makes no new chart. `RetryOnFailure` for both: a failed release is tried for ever, because an edge may go away in the
 * middle of it, and after some retries the default would wait for a person.
 */
function helmRelease(
  site: Site,
  {definition, chart, dependsOn, valuesFiles}: Release,
  intervals: Intervals,
): IHelmRelease {
  const {cluster} = site
  const isRemote = cluster.reconcile === 'remote'
  const strategy = {name: 'RetryOnFailure' as const, retryInterval: intervals.retry}
  // At the edge a wait for every pod would last as long as one node is without power.
  const disableWait = cluster.role === 'edge'
  const source = {kind: 'GitRepository' as const, name: sourceName, ...(isRemote ? {namespace: fluxNamespace} : {})}
  return {
    apiVersion: 'helm.toolkit.fluxcd.io/v2',
    kind: 'HelmRelease',
    metadata: {name: definition.layer, namespace: isRemote ? remoteNamespace(cluster.name) : fluxNamespace},
    spec: {
      releaseName: definition.layer,
      targetNamespace: definition.namespace,
      storageNamespace: definition.namespace,
      interval: intervals.release,
      timeout: intervals.timeout,
      ...(dependsOn.length > 0 ? {dependsOn: dependsOn.map((name) => ({name}))} : {}),
      ...(isRemote ? {kubeConfig: {secretRef: {name: 'kubeconfig', key: 'value'}}} : {}),
      chart: {
        spec: {
          chart: `./${chart}`,
          sourceRef: source,
          interval: intervals.release,
          reconcileStrategy: 'Revision',
          valuesFiles: [...valuesFiles],
        },
      },
      install: {crds: 'CreateReplace', strategy, disableWait},
      upgrade: {crds: 'CreateReplace', strategy, disableWait},
      driftDetection: {mode: 'enabled', ...(hasWebhooks(definition) ? {ignore: [authorityOfWebhooks]} : {})},
    },
  }
}

/** ECK has fourteen webhooks in one object; JSON pointers have no wildcard. */
const mostWebhooks = 20

/** Operators write the authority of their webhooks themselves, also where their chart has a placeholder for it. */
const authorityOfWebhooks = {
  paths: Array.from({length: mostWebhooks}, (_, index) => `/webhooks/${index}/clientConfig/caBundle`),
  target: {kind: webhookKinds.join('|')},
}

function kustomizeList(resources: readonly string[]): Data {
  return {apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources: [...resources].sort()}
}
