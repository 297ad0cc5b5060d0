import type {ExecutionContext} from 'ava'
import type {KubernetesObject, Site} from '../../../generator/component.ts'
import {components} from '../../../generator/components/index.ts'
import {engineOf} from '../../../generator/gitops/engines.ts'
import {imageReference} from '../../../generator/model/images.ts'
import type {Bundle} from '../../../generator/secrets/bundle.ts'
import {type LiveObject, nameOf} from './api.ts'
import type {RunningEnvironment} from './environment.ts'
import {servedBy, sitesIn} from './environment-files.ts'
import {eventually} from './eventually.ts'
import {decryptedSecrets, objectsOfEngine, objectsOfReleases} from './expected.ts'
import type {Fleet, Member} from './fleet.ts'

interface PodSpec {
  nodeName?: string
  containers: {image: string}[]
  initContainers?: {image: string}[]
}

/** What controllers make of other objects, and what every namespace and every reconciler has. */
const derivedKinds = new Set([
  'APIService',
  'ControllerRevision',
  'CSINode',
  'EndpointSlice',
  'Endpoints',
  'Event',
  'IPAddress',
  'HelmChart',
  'Lease',
  'PersistentVolume',
  'PersistentVolumeClaim',
])

function isDerived({kind, metadata, ...object}: LiveObject): boolean {
  if (derivedKinds.has(kind) || metadata.ownerReferences?.length) return true
  if (kind === 'ConfigMap' && metadata.name === 'kube-root-ca.crt') return true
  if (kind === 'ServiceAccount' && metadata.name === 'default') return true
  return kind === 'Secret' && String((object as {type?: string}).type).startsWith('helm.sh/release')
}

/** Objects of a cluster that came after it was started, but for what is derived from others. */
export async function reconciledObjects(member: Member): Promise<LiveObject[]> {
  return withoutGiven(await member.api.listAll(), member)
}

function withoutGiven(objects: readonly LiveObject[], {baseline}: Member): LiveObject[] {
  return objects.filter((object) => !baseline.has(object.metadata.uid) && !isDerived(object))
}

/** Nothing is in the cluster but what was rendered and what the bootstrap put there, and all of that is. */
export async function expectExactly(
  t: ExecutionContext,
  member: Member,
  rendered: readonly KubernetesObject[],
  bootstrapped: readonly string[],
): Promise<void> {
  const objects = await member.api.listAll()
  const live = new Set(withoutGiven(objects, member).map(nameOf))
  const expected = new Set([...rendered.map(nameOf), ...bootstrapped])
  t.deepEqual(
    [...live].filter((name) => !expected.has(name)),
    [],
    `${member.name} has what nobody rendered`,
  )
  const all = new Set(objects.map(nameOf))
  t.deepEqual(
    [...expected].filter((name) => !all.has(name)),
    [],
    `${member.name} lacks what was rendered`,
  )
}

/** The API server accepts every object with strict validation, custom resources too. */
async function expectAccepted(
  t: ExecutionContext,
  {api, name}: Member,
  objects: readonly KubernetesObject[],
): Promise<void> {
  t.true(objects.length > 0)
  for (const object of objects) {
    await t.notThrowsAsync(api.apply(object, {dryRun: true}), `${name}: ${nameOf(object)}`)
  }
}

/** Every pod has a node whose architecture each of its images is published for, and every workload all its pods. */
export async function expectPodsPlaced(t: ExecutionContext, {api, name}: Member, site: Site): Promise<void> {
  const published = new Map(
    components.flatMap((component) =>
      Object.entries(component.images).map(([image, {architectures}]) => [
        imageReference(component, image, site),
        architectures as readonly string[],
      ]),
    ),
  )
  const architectureOf = new Map(site.cluster.nodes.map((node) => [node.name, node.arch]))
  for (const {metadata, spec, status} of await api.list('v1', 'Pod')) {
    const {nodeName = '', containers, initContainers = []} = spec as unknown as PodSpec
    t.true(['Running', 'Succeeded'].includes(String(status?.phase)), `${name}: pod ${metadata.name} ${status?.phase}`)
    for (const {image} of [...containers, ...initContainers]) {
      const architectures = published.get(image) ?? []
      const arch = architectureOf.get(nodeName) ?? 'no node'
      t.true(architectures.includes(arch), `${name}: ${image} of pod ${metadata.name} on ${nodeName} (${arch})`)
    }
  }
}

/** Workloads that lack pods, in words; none when all run. */
export async function incompleteWorkloads({api}: Member): Promise<string[]> {
  const kinds = ['Deployment', 'DaemonSet', 'StatefulSet']
  const lists = await Promise.all(kinds.map((kind) => api.list('apps/v1', kind)))
  return lists.flat().flatMap((workload) => {
    const {kind, metadata, spec = {}, status = {}} = workload
    const wanted = Number(kind === 'DaemonSet' ? (status.desiredNumberScheduled ?? -1) : (spec.replicas ?? 1))
    const ready = Number((kind === 'DaemonSet' ? status.numberReady : status.readyReplicas) ?? 0)
    const isObserved = status.observedGeneration === metadata.generation
    return isObserved && wanted === ready ? [] : [`${kind} ${metadata.name} has ${ready} of ${wanted} pods`]
  })
}

/** What is in a cluster, by name, but for the objects of what reconciles it. */
export type Snapshot = Map<string, string>

/** Takes a snapshot; what controllers write about an object is left out of it. */
export async function snapshot(member: Member): Promise<Snapshot> {
  const objects = await reconciledObjects(member)
  return new Map(objects.filter((object) => !isOfEngine(object)).map((object) => [nameOf(object), contentOf(object)]))
}

/** Snapshots of all clusters, by their names. */
export async function snapshots({members}: Fleet): Promise<Map<string, Snapshot>> {
  const entries = [...members.values()].map(async (member) => [member.name, await snapshot(member)] as const)
  return new Map(await Promise.all(entries))
}

/** What a change did, by cluster; clusters that it did not touch are not named. */
export async function effectOf(
  {fleet}: RunningEnvironment,
  change: () => Promise<void>,
): Promise<Record<string, string[]>> {
  const before = await snapshots(fleet)
  await change()
  const after = await snapshots(fleet)
  const effects = [...after].map(([name, now]): [string, string[]] => [
    name,
    changes(before.get(name) ?? new Map(), now),
  ])
  return Object.fromEntries(effects.filter(([, effect]) => effect.length > 0))
}

/** For comparing with what was removed and came back: it has another id. */
export function withoutIds(all: Snapshot): Snapshot {
  return new Map([...all].map(([name, content]) => [name, content.replace(/^\{"uid":"[^"]+",/, '{')]))
}

/** What differs between two moments, as `+ name`, `- name` and `~ name`. */
export function changes(before: Snapshot, after: Snapshot): string[] {
  return [
    ...[...after.keys()].filter((name) => !before.has(name)).map((name) => `+ ${name}`),
    ...[...before.keys()].filter((name) => !after.has(name)).map((name) => `- ${name}`),
    ...[...before].filter(([name, content]) => (after.get(name) ?? content) !== content).map(([name]) => `~ ${name}`),
  ].sort()
}

function isOfEngine({apiVersion}: LiveObject): boolean {
  return /^([a-z]+\.toolkit\.fluxcd\.io|argoproj\.io)\//.test(apiVersion)
}

/** Annotations in which controllers count. */
const counters = new Set(['deprecated.daemonset.template.generation', 'deployment.kubernetes.io/revision'])

/** The id is part of it: an object that was made anew is another one. */
function contentOf({metadata, status: _status, ...rest}: LiveObject): string {
  const {uid, labels, annotations = {}} = metadata
  const own = Object.entries(annotations).filter(([key]) => !counters.has(key))
  return JSON.stringify({uid, labels, annotations: Object.fromEntries(own), ...rest})
}

/**
 * Every cluster of the environment has all that was rendered for it and nothing else, its API server accepts all of it
 * with strict validation, and all its pods run where they can. `byHand` are the objects, by cluster, that a person put there.
 */
export async function expectComplete(
  t: ExecutionContext,
  {workspace, fleet}: RunningEnvironment,
  byHand: Record<string, readonly string[]> = {},
): Promise<void> {
  const sites = sitesIn(workspace.folder)
  for (const site of sites) {
    const member = fleet.get(site.cluster.name)
    await eventually(
      `all pods of ${member.name} run`,
      async () => (await incompleteWorkloads(member)).length === 0,
      async () => (await incompleteWorkloads(member)).join('\n'),
    )
    await expectPodsPlaced(t, member, site)
    const releases = await objectsOfReleases(workspace.folder, member, site)
    const rendered = [...releases, ...objectsOfEngine(workspace.folder, site)]
    const secrets = decryptedSecrets(workspace.folder, site)
    await expectExactly(
      t,
      member,
      [...rendered, ...secrets],
      [...(byHand[member.name] ?? []), ...ageSecrets(member, sites)],
    )
    await expectAccepted(t, member, rendered)
    await expectDecrypted(t, member, await workspace.bundle(member.name))
  }
}

/** The Secrets with age keys that stand in a cluster: its own, and those of clusters that it serves. */
function ageSecrets(member: Member, sites: readonly Site[]): string[] {
  if (!member.reconciler) return []
  return servedBy(member.name, sites).map(({environment, cluster}) => {
    const {namespace, name} = engineOf(environment).ageSecret(cluster)
    return `Secret ${namespace}/${name}`
  })
}

/** The API server holds just the values that sops decrypts. */
async function expectDecrypted(t: ExecutionContext, {api, name}: Member, bundle: Bundle): Promise<void> {
  for (const secret of bundle.values()) {
    const live = await api.get({apiVersion: 'v1', kind: 'Secret', namespace: secret.namespace, name: secret.name})
    const {data = {}} = (live ?? {}) as {data?: Record<string, string>}
    const decoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()])
    t.deepEqual(Object.fromEntries(decoded), secret.values, `${name}: Secret ${secret.namespace}/${secret.name}`)
  }
}
