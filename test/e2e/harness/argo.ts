import {mkdirSync, mkdtempSync, rmSync} from 'node:fs'
import {createConnection} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import type {KubernetesObject, Site} from '../../../generator/component.ts'
import {clusterPrograms} from '../../../generator/verify/cluster-programs.ts'
import {downloadModule} from '../../../generator/verify/go-module.ts'
import {run} from '../../../generator/verify/run.ts'
import {requireTool, tools} from '../../../generator/verify/tools.ts'
import {root} from '../../support/paths.ts'
import type {LiveObject} from './api.ts'
import {type Access, base64, type ControlPlane} from './control-plane.ts'
import {releasesIn, servedBy} from './environment-files.ts'
import {eventually} from './eventually.ts'
import {ageSecretOf, askForReconciliation, lateSources, startControllers} from './flux.ts'
import {readObjects, secretObject} from './objects.ts'
import {freePort} from './ports.ts'
import {type Running, startProgram} from './processes.ts'
import {program} from './programs.ts'
import {type Engine, type Reconciler, startReconciler} from './reconciler.ts'

const apiVersion = 'argoproj.io/v1alpha1'

/** Argo CD: its controller, its repository server and Redis in every cluster that reconciles itself. */
export const argo: Engine = {
  start: startArgo,
  bootstrap: async ({api, site}, workspace, login) => {
    const {environment, cluster} = site
    const {secret, url} = environment.git
    const labels = {'argocd.argoproj.io/secret-type': 'repository'}
    if (secret) await api.apply(secretObject('argocd', secret, {type: 'git', url, ...login}, labels))
    if (secret) await api.apply(secretObject('flux-system', secret, {...login}))
    await api.apply(ageSecretOf(site, workspace))
    const folder = join(workspace.folder, 'clusters', environment.name, cluster.name)
    const objects = ['project.yaml', 'settings.yaml', 'sync.yaml'].flatMap((file) => readObjects(join(folder, file)))
    for (const object of objects) await api.apply(object, {manager: 'bootstrap'})
  },
  giveAccess: async (cloud, {name, access, kubeconfig, site}, workspace) => {
    const labels = {'argocd.argoproj.io/secret-type': 'cluster'}
    await cloud.api.apply(secretObject('argocd', `edge-${name}`, clusterSecret(`edge-${name}`, access), labels))
    await cloud.api.apply(secretObject('flux-system', `kubeconfig-${name}`, {value: kubeconfig}))
    await cloud.api.apply(ageSecretOf(site, workspace))
  },
  announce: async (member) => {
    await refresh(member)
    await askForReconciliation(member)
  },
  arrived: async (member, commit, sites) => settled(member, commit, applicationNames(member.name, sites)),
}

/** What Argo CD is told of another cluster (docs/operator-manual/declarative-setup.md, "clusters"). */
function clusterSecret(name: string, {server, ca, token}: Access): Record<string, string> {
  const config = {bearerToken: token, tlsClientConfig: {caData: base64(ca)}}
  return {name, server, config: JSON.stringify(config)}
}

/** The Applications that stand in a cluster. */
function applicationNames(cluster: string, sites: readonly Site[]): string[] {
  return servedBy(cluster, sites).flatMap((site) => {
    const layers = releasesIn(site).map(({definition}) => definition.layer)
    if (site.cluster.name === cluster) return ['smarter', ...layers]
    return [`edge-${site.cluster.name}`, ...layers.map((layer) => `${site.cluster.name}.${layer}`)]
  })
}

/** Installs the definitions and settings of Argo CD, as its installation does, and starts it beside the cluster. */
async function startArgo(cluster: ControlPlane): Promise<Reconciler> {
  const {api} = cluster
  const {module, version} = clusterPrograms.argoCd
  const definitions = join((await downloadModule(module, version)).Dir, 'manifests/crds')
  for (const file of ['application-crd.yaml', 'appproject-crd.yaml']) {
    for (const definition of readObjects(join(definitions, file))) await api.apply(definition)
  }
  for (const object of installation) await api.apply(object)
  const ports = {redis: await freePort(), repoServer: await freePort()}
  // Its Unix socket must have a short path.
  const temporary = mkdtempSync(join(tmpdir(), 'argo-'))
  const reconciler = await startReconciler(
    new Map([
      ['redis', () => startRedis(cluster, ports.redis)],
      ['argocd-repo-server', () => startRepoServer(cluster, ports, temporary)],
      ['argocd-application-controller', () => startController(cluster, ports, temporary)],
    ]),
  )
  // These decrypt, and do nothing else.
  const decryption = await startControllers(cluster, ['sourceController', 'kustomizeController'])
  return {
    processes: () => [...reconciler.processes(), ...decryption.processes()],
    restart: (name) => (name.startsWith('argocd') || name === 'redis' ? reconciler : decryption).restart(name),
    stop: async () => {
      await reconciler.stop()
      await decryption.stop()
      rmSync(temporary, {recursive: true, force: true})
    },
  }
}

const partOf = {'app.kubernetes.io/part-of': 'argocd'}
const named = (name: string) => ({name, namespace: 'argocd', labels: {...partOf, 'app.kubernetes.io/name': name}})

const installation = [
  {apiVersion: 'v1', kind: 'Namespace', metadata: {name: 'argocd'}},
  {apiVersion: 'v1', kind: 'ConfigMap', metadata: named('argocd-cm')},
  {apiVersion: 'v1', kind: 'ConfigMap', metadata: named('argocd-rbac-cm')},
  {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: named('argocd-secret'),
    stringData: {'server.secretkey': 'for-this-test-only'},
  },
] as KubernetesObject[]

interface Ports {
  redis: number
  repoServer: number
}

function startRedis({name, folder}: ControlPlane, port: number): Promise<Running> {
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder]
  const remedy = 'install it, such as with apt-get install redis-server'
  const logs = join(folder, '..')
  return startProgram({name: `${name}-redis`, file: 'redis-server', args, logs, remedy}, () => accepts(port))
}

async function startRepoServer(cluster: ControlPlane, {redis, repoServer}: Ports, temporary: string): Promise<Running> {
  const metrics = await freePort()
  const args = [
    `--redis=127.0.0.1:${redis}`,
    '--address=127.0.0.1',
    `--port=${repoServer}`,
    '--metrics-address=127.0.0.1',
    `--metrics-port=${metrics}`,
    '--disable-tls',
    '--loglevel=warn',
  ]
  return startArgoProgram({cluster, name: 'argocd-repo-server', args, temporary}, () => accepts(repoServer))
}

async function startController(cluster: ControlPlane, {redis, repoServer}: Ports, temporary: string): Promise<Running> {
  const metrics = await freePort()
  const args = [
    `--redis=127.0.0.1:${redis}`,
    `--repo-server=127.0.0.1:${repoServer}`,
    '--repo-server-plaintext',
    '--namespace=argocd',
    `--metrics-port=${metrics}`,
    '--loglevel=warn',
    '--app-resync=10',
    '--app-resync-jitter=0',
  ]
  return startArgoProgram({cluster, name: 'argocd-application-controller', args, temporary}, () => accepts(metrics))
}

/** One binary plays all parts, by a name in its environment. It looks for helm on PATH. */
async function startArgoProgram(
  {cluster, name, args, temporary}: {cluster: ControlPlane; name: string; args: readonly string[]; temporary: string},
  ready: () => Promise<boolean>,
): Promise<Running> {
  const {folder, kubeconfigFile} = cluster
  const bin = await helmFolder(folder)
  const work = join(folder, name)
  mkdirSync(work, {recursive: true})
  const env = {
    ARGOCD_BINARY_NAME: name,
    ARGOCD_FAKE_IN_CLUSTER: 'true',
    ARGOCD_GPG_ENABLED: 'false',
    KUBECONFIG: kubeconfigFile,
    HOME: work,
    TMPDIR: temporary,
    PATH: `${bin}:${process.env.PATH}`,
    HELM_CACHE_HOME: join(work, 'helm-cache'),
    HELM_CONFIG_HOME: join(work, 'helm-config'),
    HELM_DATA_HOME: join(work, 'helm-data'),
  }
  const logs = join(folder, '..')
  return startProgram({name: `${cluster.name}-${name}`, file: program('argoCd'), args, env, cwd: work, logs}, ready)
}

async function helmFolder(folder: string): Promise<string> {
  const bin = join(folder, 'bin')
  mkdirSync(bin, {recursive: true})
  const helm = await requireTool(root, tools.helm)
  await run('ln', ['-sf', helm, join(bin, 'helm')])
  return bin
}

/** Whether something listens. */
function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({port, host: '127.0.0.1'})
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/** Asks Argo CD to look at Git now, as a webhook does. */
async function refresh({api}: ControlPlane): Promise<void> {
  for (const {metadata} of await api.list(apiVersion, 'Application')) {
    const {name, namespace} = metadata
    const annotations = {'argocd.argoproj.io/refresh': 'normal'}
    await api.patch({apiVersion, kind: 'Application', name, namespace}, {metadata: {annotations}})
  }
}

interface ApplicationStatus {
  sync?: {status: string; revision?: string}
  health?: {status: string}
  operationState?: {phase: string; message?: string; syncResult?: {revision: string}}
  conditions?: {type: string; message: string}[]
}

/** Waits until these Applications are all there are, Synced at a commit and Healthy. */
async function settled(cluster: ControlPlane, commit: string, names: readonly string[]): Promise<void> {
  await eventually(
    `Argo CD of ${cluster.name} is done with ${commit.slice(0, 8)}`,
    async () => (await late(cluster, commit, names)).length === 0,
    async () => (await late(cluster, commit, names)).join('\n'),
  )
}

async function late({api}: ControlPlane, commit: string, names: readonly string[]): Promise<string[]> {
  const applications = await api.list(apiVersion, 'Application')
  const present = applications.map(({metadata}) => metadata.name)
  return [
    ...names.filter((name) => !present.includes(name)).map((name) => `Application ${name} is missing`),
    ...present.filter((name) => !names.includes(name)).map((name) => `Application ${name} is still there`),
    ...applications.filter((application) => !isDone(application, commit)).map(stateOfApplication),
    ...(await lateSources(api, commit)),
  ]
}

function isDone({status}: LiveObject, commit: string): boolean {
  const {sync, health, operationState} = (status ?? {}) as ApplicationStatus
  const isSynced = sync?.status === 'Synced' && sync.revision === commit
  return isSynced && health?.status === 'Healthy' && operationState?.phase !== 'Running'
}

/** What an Application says about its state, in one line. */
export function stateOfApplication({metadata, status}: LiveObject): string {
  const {sync, health, operationState, conditions = []} = (status ?? {}) as ApplicationStatus
  const messages = [operationState?.message, ...conditions.map(({type, message}) => `${type}: ${message}`)]
  const state = [sync?.status, sync?.revision?.slice(0, 8), health?.status, operationState?.phase].join(' ')
  return `Application ${metadata.name}: ${state} ${messages.filter(Boolean).join(' | ').slice(0, 500)}`
}
