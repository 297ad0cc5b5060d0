import {mkdirSync, readdirSync} from 'node:fs'
import {join} from 'node:path'
import type {KubernetesObject, Site} from '../../../generator/component.ts'
import {engineOf} from '../../../generator/gitops/engines.ts'
import {clusterPrograms} from '../../../generator/verify/cluster-programs.ts'
import {downloadModule} from '../../../generator/verify/go-module.ts'
import {isReady, type LiveObject, stateOf} from './api.ts'
import type {ControlPlane} from './control-plane.ts'
import {releasesIn, servedBy} from './environment-files.ts'
import {eventually} from './eventually.ts'
import {readObjects, secretObject} from './objects.ts'
import {freePort} from './ports.ts'
import {type Running, startProgram} from './processes.ts'
import {program} from './programs.ts'
import {type Engine, type Reconciler, startReconciler} from './reconciler.ts'
import type {Workspace} from './workspace.ts'

export type Controller = 'sourceController' | 'kustomizeController' | 'helmController'
const controllers: readonly Controller[] = ['sourceController', 'kustomizeController', 'helmController']

/** Flux: three controllers in every cluster that reconciles itself. */
export const flux: Engine = {
  start: startFlux,
  bootstrap: async ({api, site}, workspace, login) => {
    const {environment, cluster} = site
    const {secret} = environment.git
    if (secret) await api.apply(secretObject('flux-system', secret, {...login}))
    await api.apply(ageSecretOf(site, workspace))
    const folder = join(workspace.folder, 'clusters', environment.name, cluster.name)
    const objects = ['source.yaml', 'sync.yaml'].flatMap((file) => readObjects(join(folder, file)))
    for (const object of objects) await api.apply(object, {manager: 'bootstrap'})
  },
  giveAccess: async (cloud, edge, workspace) => {
    const namespace = `edge-${edge.name}`
    await cloud.api.apply({apiVersion: 'v1', kind: 'Namespace', metadata: {name: namespace}}, {manager: 'bootstrap'})
    await cloud.api.apply(secretObject(namespace, 'kubeconfig', {value: edge.kubeconfig}))
    await cloud.api.apply(ageSecretOf(edge.site, workspace))
  },
  announce: async (member) => void (await askForReconciliation(member)),
  arrived: async (member, commit, sites) => settled(member, commit, releaseNames(member.name, sites)),
}

/** The HelmReleases that stand in a cluster, as namespace/name. */
function releaseNames(cluster: string, sites: readonly Site[]): string[] {
  return servedBy(cluster, sites).flatMap((site) => {
    const namespace = site.cluster.name === cluster ? 'flux-system' : `edge-${site.cluster.name}`
    return releasesIn(site).map(({definition}) => `${namespace}/${definition.layer}`)
  })
}

const kinds = {
  GitRepository: 'source.toolkit.fluxcd.io/v1',
  Kustomization: 'kustomize.toolkit.fluxcd.io/v1',
  HelmRelease: 'helm.toolkit.fluxcd.io/v2',
} as const

/** The Secret with the age key of a cluster, where what decrypts its Secrets looks for it. */
export function ageSecretOf({environment, cluster}: Site, workspace: Workspace): KubernetesObject {
  const {namespace, name, keys} = engineOf(environment).ageSecret(cluster)
  return secretObject(namespace, name, {[keys[0] ?? '']: workspace.clusterKey(cluster.name)})
}

/** Installs the definitions of Flux and starts its controllers beside the cluster. */
function startFlux(cluster: ControlPlane): Promise<Reconciler> {
  return startControllers(cluster, controllers)
}

/** The same for some of them. */
export async function startControllers(cluster: ControlPlane, names: readonly Controller[]): Promise<Reconciler> {
  await cluster.api.apply({apiVersion: 'v1', kind: 'Namespace', metadata: {name: 'flux-system'}})
  for (const name of names) {
    for (const definition of await definitionsOf(name)) await cluster.api.apply(definition)
  }
  const storage = await freePort()
  return startReconciler(
    new Map(names.map((name) => [clusterPrograms[name].name, () => startController(name, cluster, storage)])),
  )
}

async function definitionsOf(controller: Controller): Promise<KubernetesObject[]> {
  const {module, version} = clusterPrograms[controller]
  const folder = join((await downloadModule(module, version)).Dir, 'config/crd/bases')
  return readdirSync(folder).flatMap((name) => readObjects(join(folder, name)))
}

async function startController(name: Controller, cluster: ControlPlane, storage: number): Promise<Running> {
  mkdirSync(join(cluster.folder, 'sources'), {recursive: true})
  const [metrics, health] = [await freePort(), await freePort()]
  const args = [
    `--metrics-addr=127.0.0.1:${metrics}`,
    `--health-addr=127.0.0.1:${health}`,
    '--enable-leader-election=false',
    '--log-level=info',
    ...(name === 'sourceController'
      ? storageArgs(join(cluster.folder, 'sources'), storage)
      : ['--requeue-dependency=2s']),
    // A repair must not wait until the broken release gives up: what installs Flux has to set it too.
    ...(name === 'helmController' ? ['--feature-gates=CancelHealthCheckOnNewRevision=true'] : []),
  ]
  const env = {KUBECONFIG: cluster.kubeconfigFile, RUNTIME_NAMESPACE: 'flux-system', TUF_ROOT: cluster.folder}
  const ready = async () => (await fetch(`http://127.0.0.1:${health}/readyz`).catch(() => undefined))?.ok ?? false
  const logs = join(cluster.folder, '..')
  const label = `${cluster.name}-${clusterPrograms[name].name}`
  return startProgram({name: label, file: program(name), args, env, logs}, ready)
}

function storageArgs(folder: string, port: number): string[] {
  const address = `127.0.0.1:${port}`
  return [
    `--storage-path=${folder}`,
    `--storage-addr=${address}`,
    `--storage-adv-addr=${address}`,
    '--requeue-dependency=2s',
  ]
}

/**
 * Asks Flux to look at Git now, as a webhook receiver or `flux reconcile` does. Gives back the moment that it will
 * report as handled.
 */
export async function askForReconciliation(
  {api}: ControlPlane,
  kind: keyof typeof kinds = 'GitRepository',
): Promise<string> {
  const apiVersion = kinds[kind]
  const requestedAt = new Date().toISOString()
  for (const {metadata} of await api.list(apiVersion, kind)) {
    const annotations = {'reconcile.fluxcd.io/requestedAt': requestedAt}
    await api.patch({apiVersion, kind, ...metadata}, {metadata: {annotations}})
  }
  return requestedAt
}

/** The HelmRelease of a layer, in the cluster that reconciles it. */
export function release({api}: ControlPlane, name: string, namespace = 'flux-system'): Promise<LiveObject | undefined> {
  return api.get({apiVersion: kinds.HelmRelease, kind: 'HelmRelease', name, namespace})
}

/** Waits until all that a cluster reconciles is Ready at a commit, and it has just these releases, as namespace/name. */
async function settled(cluster: ControlPlane, commit: string, releases: readonly string[]): Promise<void> {
  await eventually(
    `cluster ${cluster.name} is ready at ${commit.slice(0, 8)}`,
    async () => (await unsettled(cluster, commit, releases)).length === 0,
    async () => (await unsettled(cluster, commit, releases)).join('\n'),
  )
}

async function unsettled({api}: ControlPlane, commit: string, releases: readonly string[]): Promise<string[]> {
  const present = await api.list(kinds.HelmRelease, 'HelmRelease')
  const names = present.map(({metadata}) => `${metadata.namespace}/${metadata.name}`)
  const late = present.filter((object) => !isReady(object) || !revisionOf(object).includes(commit.slice(0, 12)))
  return [
    ...releases.filter((name) => !names.includes(name)).map((name) => `HelmRelease ${name} is missing`),
    ...names.filter((name) => !releases.includes(name)).map((name) => `HelmRelease ${name} is still there`),
    ...(await lateSources(api, commit)),
    ...late.map(described),
  ]
}

/** What Flux fetches and applies, where it is not Ready at a commit, in words. */
export async function lateSources(api: ControlPlane['api'], commit: string): Promise<string[]> {
  const sources = await api.list(kinds.GitRepository, 'GitRepository')
  const objects = [...sources, ...(await api.list(kinds.Kustomization, 'Kustomization'))]
  const late = objects.filter((object) => !isReady(object) || !revisionOf(object).includes(commit))
  return [...(sources.length === 0 ? ['there is no GitRepository'] : []), ...late.map(described)]
}

function described(object: LiveObject): string {
  return `${stateOf(object)} (at ${revisionOf(object)})`
}

/** What the object has last been brought to. */
function revisionOf({status = {}}: LiveObject): string {
  const {artifact, lastAppliedRevision, history} = status as {
    artifact?: {revision: string}
    lastAppliedRevision?: string
    history?: {chartVersion: string}[]
  }
  return artifact?.revision ?? lastAppliedRevision ?? history?.[0]?.chartVersion ?? 'nothing'
}
