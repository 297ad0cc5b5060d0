import type {IHelmRelease} from '@kubernetes-models/flux-cd/helm.toolkit.fluxcd.io/v2'
import type {IKustomization} from '@kubernetes-models/flux-cd/kustomize.toolkit.fluxcd.io/v1'
import type {IGitRepository} from '@kubernetes-models/flux-cd/source.toolkit.fluxcd.io/v1'
import type {INamespace} from 'kubernetes-models/v1'
import type {Site} from '../component.ts'
import {podSecurityLabels} from '../model/pod-security.ts'
import type {RenderedFile} from '../rendered-file.ts'
import {yamlBanner} from '../rendered-file.ts'
import type {Data} from '../yaml/data.ts'
import {printYaml} from '../yaml/print.ts'
import {clusterFolder, type Engine, type Release} from './engine.ts'
import {type Intervals, intervalsOf} from './intervals.ts'
import {onlyThisCluster} from './source-ignore.ts'

const fluxNamespace = 'flux-system'
/** The one name of what Flux watches, in every cluster. */
const sourceName = 'smarter'

/** Flux 2.9: a source and a HelmRelease per layer; an edge cluster with reconcile remote is served by the cloud. */
export const flux: Engine = {
  name: 'flux',
  render(site, releases) {
    const objects = site.cluster.reconcile === 'remote' ? remote(site, releases) : local(site, releases)
    const source = `environments/${site.environment.name}/environment.yaml`
    return [
      ...Object.entries(objects).map(([name, object]) => file(site, source, name, object)),
      file(site, source, 'kustomization.yaml', kustomizeList(Object.keys(objects))),
    ]
  },
}

/** Objects by file name. */
type Objects = Record<string, Data | readonly Data[]>

function local(site: Site, releases: readonly Release[]): Objects {
  const intervals = intervalsOf(site)
  return {
    'source.yaml': gitRepository(site, intervals),
    'sync.yaml': kustomization(site, intervals),
    ...(site.cluster.role === 'cloud' ? {'namespaces.yaml': namespaces(releases)} : {}),
    ...releaseFiles(site, releases, intervals),
    ...remoteClusters(site, intervals),
  }
}

/** In the cloud cluster, in a namespace of their own, where the kubeconfig of the edge cluster is kept too. */
function remote(site: Site, releases: readonly Release[]): Objects {
  return {
    'namespace.yaml': namespace(remoteNamespace(site.cluster.name), {}),
    ...releaseFiles(site, releases, intervalsOf(site)),
  }
}

function releaseFiles(site: Site, releases: readonly Release[], intervals: Intervals): Objects {
  return Object.fromEntries(
    releases.map((release) => [`${release.definition.layer}.yaml`, helmRelease(site, release, intervals)]),
  )
}

function remoteClusters(site: Site, intervals: Intervals): Objects {
  if (site.cluster.role !== 'cloud') return {}
  const clusters = site.edgeClusters.filter(({reconcile}) => reconcile === 'remote')
  return Object.fromEntries(
    clusters.map(({name}) => [
      `edge-${name}.yaml`,
      kustomization(site, intervals, {name: `edge-${name}`, cluster: name}),
    ]),
  )
}

function remoteNamespace(cluster: string): string {
  return `edge-${cluster}`
}

function gitRepository(site: Site, {source}: Intervals): IGitRepository {
  const {url, branch, secret} = site.environment.git
  const servesRemote = site.cluster.role === 'cloud' && site.edgeClusters.some(({reconcile}) => reconcile === 'remote')
  return {
    apiVersion: 'source.toolkit.fluxcd.io/v1',
    kind: 'GitRepository',
    metadata: {name: sourceName, namespace: fluxNamespace},
    spec: {
      url,
      ref: {branch},
      interval: source,
      timeout: '5m',
      ...(secret ? {secretRef: {name: secret}} : {}),
      ...(servesRemote ? {} : {ignore: onlyThisCluster(site)}),
    },
  }
}

function kustomization(site: Site, {release}: Intervals, edge?: {name: string; cluster: string}): IKustomization {
  const folder = edge ? `clusters/${site.environment.name}/${edge.cluster}` : clusterFolder(site)
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
function helmRelease(site: Site, {definition, dependsOn, valuesFiles}: Release, intervals: Intervals): IHelmRelease {
  const {cluster} = site
  const isRemote = cluster.reconcile === 'remote'
  const strategy = {name: 'RetryOnFailure' as const, retryInterval: '5m'}
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
          chart: `./charts/${definition.layer}`,
          sourceRef: source,
          interval: intervals.release,
          reconcileStrategy: 'Revision',
          valuesFiles: [...valuesFiles],
        },
      },
      install: {crds: 'CreateReplace', strategy, disableWait},
      upgrade: {crds: 'CreateReplace', strategy, disableWait},
      driftDetection: {mode: 'enabled'},
    },
  }
}

function namespaces(releases: readonly Release[]): INamespace[] {
  return releases.map(({definition}) => namespace(definition.namespace, podSecurityLabels(definition.podSecurity)))
}

/** Never pruned: what is in a namespace goes with it. */
function namespace(name: string, labels: Record<string, string>): INamespace {
  const annotations = {'kustomize.toolkit.fluxcd.io/prune': 'disabled'}
  return {apiVersion: 'v1', kind: 'Namespace', metadata: {name, labels, annotations}}
}

function kustomizeList(resources: readonly string[]): Data {
  return {apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources: [...resources].sort()}
}

function file(site: Site, source: string, name: string, objects: Data | readonly Data[]): RenderedFile {
  const documents = Array.isArray(objects) ? objects : [objects]
  const content = documents.map((document) => printYaml(document as Data)).join('---\n')
  return {path: `${clusterFolder(site)}/${name}`, content: yamlBanner(source) + content}
}
