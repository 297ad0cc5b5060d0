import {relative} from 'node:path/posix'
import type {IApplication} from '@kubernetes-models/argo-cd/argoproj.io/v1alpha1/Application'
import type {IAppProject} from '@kubernetes-models/argo-cd/argoproj.io/v1alpha1/AppProject'
import type {IKustomization} from '@kubernetes-models/flux-cd/kustomize.toolkit.fluxcd.io/v1'
import type {Site} from '../component.ts'
import type {Data} from '../yaml/data.ts'
import {argoNamespace, argoSettings} from './argo-settings.ts'
import {clusterFiles, clusterFolder, type Engine, type ObjectsByFile, type Release, remoteClusters} from './engine.ts'
import {fluxNamespace, gitRepository} from './git-repository.ts'
import {namespacesOf} from './namespaces.ts'
import {ageKey, secretsFolder, secretsKustomization} from './secrets-sync.ts'
import {hasWebhooks, webhookKinds} from './webhooks.ts'

/** The one name of the app of apps and of the project of a cluster, as in Flux. */
const rootName = 'smarter'
const apiVersion = 'argoproj.io/v1alpha1'
/** The label of Secrets for it (docs/operator-manual/declarative-setup.md of Argo CD). */
const secretType = 'argocd.argoproj.io/secret-type'
/** Namespaces stay: what is in a namespace goes with it. */
const keep = {'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false'}
/** Before the releases: what admits them, and where they go. */
const projectWave = -2
const namespaceWave = -1

/**
 * Argo CD: an AppProject for each cluster, an Application for each layer, and one that applies these in waves. An edge
 * cluster with reconcile remote is served by the Argo CD of the cloud, which knows it by a cluster Secret.
 */
export const argo: Engine = {
  name: 'argo',
  render(site, releases) {
    const objects = site.cluster.reconcile === 'remote' ? remote(site, releases) : local(site, releases)
    return clusterFiles(site, {...objects, ...(site.sealed ? secretsFolder() : {})})
  },
  gitSecrets: (name, {secrets}) => [
    {
      namespace: argoNamespace,
      name,
      keys: ['type', 'url', 'username', 'password'],
      label: `${secretType}: repository`,
    },
    ...(secrets ? [{namespace: fluxNamespace, name, keys: ['username', 'password']}] : []),
  ],
  remoteSecrets: (cluster, {secrets}) => [
    {
      namespace: argoNamespace,
      name: remoteName(cluster),
      keys: ['name', 'server', 'config'],
      label: `${secretType}: cluster`,
    },
    ...(secrets ? [{namespace: fluxNamespace, name: kubeconfigName(cluster), keys: ['value']}] : []),
  ],
  ageSecret: ({name, reconcile}) => ({
    namespace: fluxNamespace,
    name: reconcile === 'remote' ? ageSecretName(name) : 'sops-age',
    keys: [ageKey],
  }),
}

function local(site: Site, releases: readonly Release[]): ObjectsByFile {
  // Nothing waits for the last wave: so the root does not wait for itself, and an edge cluster without power holds up
  // nobody (gitops-engine pkg/sync/sync_context.go, "finalWave").
  const lastWave = Math.max(...releases.map(({level}) => level))
  return {
    'project.yaml': project(rootName, site, namespacesOfProject(site, releases).map(inThisCluster)),
    ...(site.sealed ? {'secrets.yaml': decryption(site)} : {}),
    'settings.yaml': argoSettings(site, projectWave),
    'sync.yaml': appOfApps(rootName, site, {folder: site.cluster.name, wave: lastWave}),
    ...(site.cluster.role === 'cloud'
      ? {'namespaces.yaml': namespacesOf(releases, {...keep, ...waveAnnotation(namespaceWave)})}
      : {}),
    ...Object.fromEntries(releases.map((release) => [`${release.definition.layer}.yaml`, application(site, release)])),
    ...Object.fromEntries(
      remoteClusters(site).map(({name}) => [
        `${remoteName(name)}.yaml`,
        appOfApps(remoteName(name), site, {folder: name, wave: lastWave}),
      ]),
    ),
  }
}

/** In the cloud cluster, beside its own: a name with a dot, which no cluster has, tells them apart. */
function remote(site: Site, releases: readonly Release[]): ObjectsByFile {
  const name = remoteName(site.cluster.name)
  const destinations = namespaceNames(releases).map((namespace) => ({name, namespace}))
  return {
    'project.yaml': project(name, site, destinations),
    ...(site.sealed ? {'secrets.yaml': remoteDecryption(site)} : {}),
    ...Object.fromEntries(releases.map((release) => [`${release.definition.layer}.yaml`, application(site, release)])),
  }
}

/**
 * Argo CD decrypts nothing, and advises against doing it where manifests are made, because it keeps those in clear
 * text in Redis (docs/operator-manual/secret-management.md). So two controllers of Flux stand beside it and bring the
 * Secrets, and only them, into the cluster, from the same files and with the same keys as under Flux.
 */
function decryption(site: Site): Data[] {
  const annotations = waveAnnotation(namespaceWave)
  const place = {namespace: fluxNamespace, name: 'secrets', ageSecret: 'sops-age', annotations}
  return [gitRepository(site, annotations), secretsKustomization(site, place)] as Data[]
}

function remoteDecryption(site: Site): IKustomization {
  const {name} = site.cluster
  return secretsKustomization(site, {
    namespace: fluxNamespace,
    name: `secrets-${name}`,
    ageSecret: ageSecretName(name),
    kubeconfig: kubeconfigName(name),
    annotations: waveAnnotation(namespaceWave),
  })
}

function ageSecretName(cluster: string): string {
  return `sops-age-${cluster}`
}

function kubeconfigName(cluster: string): string {
  return `kubeconfig-${cluster}`
}

/** Decryption, of this cluster and of those that it serves, stands in the namespace of Flux. */
function namespacesOfProject({environment}: Site, releases: readonly Release[]): string[] {
  return [argoNamespace, ...(environment.secrets ? [fluxNamespace] : []), ...namespaceNames(releases)]
}

function remoteName(cluster: string): string {
  return `edge-${cluster}`
}

/** The cluster that Argo CD runs in, by the address that it gives it itself. */
function inThisCluster(namespace: string) {
  return {server: 'https://kubernetes.default.svc', namespace}
}

function namespaceNames(releases: readonly Release[]): string[] {
  return [...new Set(releases.map(({definition}) => definition.namespace))].sort()
}

/** The charts make objects of the whole cluster (definitions, webhooks, roles), so their kinds are not limited. */
function project(name: string, {environment, cluster}: Site, destinations: Destination[]): IAppProject {
  return {
    apiVersion,
    kind: 'AppProject',
    metadata: {name, namespace: argoNamespace, annotations: waveAnnotation(projectWave)},
    spec: {
      description: `Cluster ${cluster.name} of environment ${environment.name}`,
      sourceRepos: [environment.git.url],
      destinations,
      clusterResourceWhitelist: [{group: '*', kind: '*'}],
    },
  }
}

type Destination = NonNullable<NonNullable<IAppProject['spec']>['destinations']>[number]

/** Removing the root removes nothing else; removing a remote cluster takes its workload away. */
function appOfApps(name: string, {environment}: Site, {folder, wave}: {folder: string; wave: number}): IApplication {
  const {url, branch} = environment.git
  return {
    apiVersion,
    kind: 'Application',
    metadata: {
      name,
      namespace: argoNamespace,
      ...(name === rootName ? {} : {labels: edgeLabel, finalizers}),
      annotations: {...waveAnnotation(wave), ...generatePaths([clusterFolder(environment, folder)]), ...serverSideDiff},
    },
    spec: {
      project: rootName,
      source: {
        repoURL: url,
        targetRevision: branch,
        path: clusterFolder(environment, folder),
        // What is encrypted is for another to apply.
        directory: {exclude: 'secrets.sops.yaml'},
      },
      destination: inThisCluster(argoNamespace),
      syncPolicy,
      revisionHistoryLimit: 3,
    },
  }
}

function application(site: Site, {definition, chart, level, valuesFiles}: Release): IApplication {
  const {environment, cluster} = site
  const {layer, namespace} = definition
  const isRemote = cluster.reconcile === 'remote'
  return {
    apiVersion,
    kind: 'Application',
    metadata: {
      name: isRemote ? `${cluster.name}.${layer}` : layer,
      namespace: argoNamespace,
      ...(cluster.role === 'edge' ? {labels: edgeLabel} : {}),
      finalizers,
      annotations: {
        ...waveAnnotation(level),
        ...generatePaths([...new Set([chart, `charts/${layer}`, ...valuesFiles.slice(1)])]),
        ...serverSideDiff,
      },
    },
    spec: {
      project: isRemote ? remoteName(cluster.name) : rootName,
      source: {
        repoURL: environment.git.url,
        targetRevision: environment.git.branch,
        path: chart,
        helm: {releaseName: layer, valueFiles: valuesFiles.map((file) => relative(chart, file))},
      },
      destination: isRemote ? {name: remoteName(cluster.name), namespace} : inThisCluster(namespace),
      ...(hasWebhooks(definition) ? {ignoreDifferences: authorityOfWebhooks} : {}),
      syncPolicy: hasWebhooks(definition) ? respectful : syncPolicy,
      revisionHistoryLimit: 3,
    },
  }
}

/** The label by which the health script knows what an edge cluster does (argo-settings.ts). */
const edgeLabel = {'app.kubernetes.io/component': 'edge'}

/**
 * Compared by the API server, so that fields which it fills in are no difference. Argo CD's own comparison of what is
 * applied server-side also stops after a restart of the API server, when it has read the schemas too early: "unable to
 * resolve parseableType" (seen with 3.2.0).
 */
const serverSideDiff = {'argocd.argoproj.io/compare-options': 'ServerSideDiff=true'}

/** Removed from Git, removed from the cluster (docs/user-guide/app_deletion.md of Argo CD). */
const finalizers = ['resources-finalizer.argocd.argoproj.io']

/**
 * Tried for ever (a negative limit) and with the newest revision, because an edge may go away in the middle of a sync,
 * and a repair must not wait for the broken revision (docs/user-guide/auto_sync.md of Argo CD).
 */
const syncPolicy = {
  automated: {prune: true, selfHeal: true},
  syncOptions: ['ServerSideApply=true'],
  retry: {limit: -1, refresh: true, backoff: {duration: '10s', factor: 2, maxDuration: '5m'}},
}

function waveAnnotation(wave: number): Record<string, string> {
  return {'argocd.argoproj.io/sync-wave': String(wave)}
}

/** Operators write the authority of their webhooks themselves, also where their chart has a placeholder for it. */
const authorityOfWebhooks = webhookKinds.map((kind) => ({
  group: 'admissionregistration.k8s.io',
  kind,
  jqPathExpressions: ['.webhooks[]?.clientConfig.caBundle'],
}))
const respectful = {...syncPolicy, syncOptions: [...syncPolicy.syncOptions, 'RespectIgnoreDifferences=true']}

/** A commit that touches none of these makes nothing anew (docs/operator-manual/high_availability.md of Argo CD). */
function generatePaths(paths: readonly string[]): Record<string, string> {
  return {'argocd.argoproj.io/manifest-generate-paths': paths.map((path) => `/${path}`).join(';')}
}
