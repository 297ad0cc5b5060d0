import {readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import test from 'ava'
import type {Document} from 'yaml'
import {argo, stateOfApplication} from './harness/argo.ts'
import {changes, effectOf, expectComplete, type Snapshot, snapshot, snapshots, withoutIds} from './harness/checks.ts'
import {comparable} from './harness/comparable.ts'
import {type RunningEnvironment, startEnvironment} from './harness/environment.ts'
import {eventually} from './harness/eventually.ts'
import type {Part} from './harness/fleet.ts'
import {flux} from './harness/flux.ts'
import {measured, printTable} from './harness/table.ts'
import {publishAddress, reportHealth, webhookAuthority, writeWebhookAuthority} from './stand-ins/operators.ts'

// Argo CD in the cloud, which also serves edge cluster greenhouse, and one of its own in edge cluster library; all
// upstream charts from a mirror.

let campus: RunningEnvironment
let underArgo: Map<string, Snapshot>

const parts: readonly Part[] = [({api}) => reportHealth(api), ({api}) => publishAddress(api)]

test.before(async () => {
  campus = await startEnvironment({name: 'campus', engine: argo, mirror: true, parts})
})

test.after.always(async () => {
  await campus?.stop()
})

async function application(cluster: string, name: string) {
  const {api} = campus.fleet.get(cluster)
  return api.get({apiVersion: 'argoproj.io/v1alpha1', kind: 'Application', namespace: 'argocd', name})
}

/** Waits until an Application says something. */
function says(cluster: string, name: string, pattern: RegExp): Promise<void> {
  return eventually(`${name} of ${cluster} says ${pattern}`, async () => {
    const found = await application(cluster, name)
    return found ? pattern.test(stateOfApplication(found)) : false
  })
}

test.serial('from empty clusters to all Applications Healthy, and nothing but what was rendered', async (t) => {
  const commit = await campus.workspace.propose('env(campus): first commit')
  await measured(t, campus, async () => {
    await campus.bootstrap()
    await campus.arrived(commit)
  })
  await expectComplete(t, campus, {
    cloud: ['Secret argocd/edge-greenhouse', 'Secret flux-system/kubeconfig-greenhouse'],
  })
  underArgo = await snapshots(campus.fleet)
})

test.serial('another image of an edge component changes its DaemonSets, and nothing else', async (t) => {
  const path = ['images', 'overrides', 'fluent-bit.fluent-bit']
  const image = 'cr.fluentbit.io/fluent/fluent-bit:5.1.4'
  const effect = await effectOf(campus, () =>
    measured(t, campus, () => campus.merge('env(campus): Fluent Bit 5.1.4', (file) => file.setIn(path, image))),
  )
  const changed = ['~ DaemonSet.apps observability/fluent-bit']
  t.deepEqual(effect, {library: changed, greenhouse: changed})
})

test.serial('another MetalLB range changes the pool of the cloud, and nothing else', async (t) => {
  const path = ['cloud', 'loadBalancer', 'addresses']
  const effect = await effectOf(campus, () =>
    measured(t, campus, () =>
      campus.merge('env(campus): smaller pool', (file) => file.setIn(path, ['10.40.0.200-10.40.0.203'])),
    ),
  )
  t.deepEqual(effect, {cloud: ['~ IPAddressPool.metallb.io cloud-operators/ingress']})
})

test.serial('what somebody changes or removes by hand in a cluster is put back', async (t) => {
  const library = campus.fleet.get('library')
  const before = await snapshot(library)
  const daemonSet = {apiVersion: 'apps/v1', kind: 'DaemonSet', namespace: 'observability', name: 'netdata-child'}
  const generation = (await library.api.get(daemonSet))?.metadata.generation ?? 0
  const configMap = {apiVersion: 'v1', kind: 'ConfigMap', namespace: 'observability', name: 'fluent-bit'}
  await library.api.patch(daemonSet, {spec: {template: {spec: {hostNetwork: false, hostPID: false}}}})
  await library.api.delete(configMap)
  const left = async () => changes(withoutIds(before), withoutIds(await snapshot(library)))
  await eventually(
    'library is as before',
    async () => (await left()).length === 0,
    async () => (await left()).join('\n'),
  )
  t.is((await library.api.get(daemonSet))?.metadata.generation, generation + 2, 'changed, and changed back')
  t.deepEqual(changes(before, await snapshot(library)), ['~ ConfigMap observability/fluent-bit'], 'it is another one')
})

test.serial('the authority that an operator writes into its webhook is not taken for a change by hand', async (t) => {
  const cloud = campus.fleet.get('cloud')
  const authority = await writeWebhookAuthority(cloud)
  await campus.merge('env(campus): logs for 30 days', (file) =>
    file.setIn(['settings', 'elasticsearch', 'logRetention'], 30),
  )
  t.is(await webhookAuthority(cloud), authority)
})

test.serial('a release that fails is held, other clusters go on, and a commit heals it', async (t) => {
  const {workspace, fleet} = campus
  const library = fleet.get('library')
  const before = await snapshot(library)
  workspace.edit((file) => file.setIn(['settings', 'elasticsearch', 'logRetention'], 31))
  await workspace.propose('env(campus): logs for 31 days')
  const broken = join(workspace.folder, 'environments/campus/rendered/library/edge-platform.values.yaml')
  writeFileSync(broken, `${readFileSync(broken, 'utf8')}broken: [\n`)
  const commit = await workspace.push('chore: a merge that went wrong')
  await campus.announce()
  await campus.arrived(commit, ['cloud'])
  await says('library', 'edge-platform', /ComparisonError/)
  t.deepEqual(changes(before, await snapshot(library)), [])
  await measured(t, campus, async () => {
    const repair = await workspace.propose('fix: rendered again')
    await campus.announce()
    await campus.arrived(repair)
  })
})

const orchard = {name: 'orchard', server: '10.43.0.2', nodes: [{name: 'orchard-1', model: 'raspberry-pi-5'}]}

test.serial('where the first layer of a new cluster fails, later layers wait for the repair', async (t) => {
  const {workspace} = campus
  workspace.edit((file) => file.addIn(['edge', 'clusters'], file.createNode(orchard)))
  await workspace.propose('env(campus): orchard')
  const broken = join(workspace.folder, 'environments/campus/rendered/orchard/edge-platform.values.yaml')
  writeFileSync(broken, `${readFileSync(broken, 'utf8')}broken: [\n`)
  await workspace.push('chore: a merge that went wrong')
  await campus.add('orchard')
  await campus.announce()
  await says('orchard', 'edge-platform', /ComparisonError/)
  t.is(await application('orchard', 'edge-observability'), undefined)
  await measured(t, campus, async () => {
    const repair = await workspace.propose('fix: rendered again')
    await campus.announce()
    await campus.arrived(repair)
  })
  await expectComplete(t, campus, {
    cloud: ['Secret argocd/edge-greenhouse', 'Secret flux-system/kubeconfig-greenhouse'],
  })
})

test.serial('an update survives an unreachable Git, a killed controller and a killed API server', async (t) => {
  const {fleet, git, workspace} = campus
  const cloud = fleet.get('cloud')
  await git.goAway()
  workspace.edit((file) => file.setIn(['settings', 'elasticsearch', 'logRetention'], 32))
  const commit = await workspace.propose('env(campus): logs for 32 days')
  await campus.announce()
  await says('cloud', 'cloud-observability', /connection refused/)
  await measured(t, campus, async () => {
    await git.comeBack()
    await campus.announce()
    await cloud.reconciler?.restart('argocd-application-controller')
    await cloud.restartApiServer()
    await cloud.reconciler?.restart('argocd-repo-server')
    await campus.arrived(commit)
  })
  await expectComplete(t, campus, {
    cloud: ['Secret argocd/edge-greenhouse', 'Secret flux-system/kubeconfig-greenhouse'],
  })
})

test.serial('a remote edge cluster that is removed from Git is emptied', async (t) => {
  const {api} = campus.fleet.get('greenhouse')
  await campus.merge('env(campus): greenhouse is gone', (file) => file.deleteIn(['edge', 'clusters', 1]))
  await eventually('greenhouse is empty', async () => (await api.list('apps/v1', 'DaemonSet')).length === 0)
  t.deepEqual(await api.list('apps/v1', 'DaemonSet'), [])
})

test.serial('Flux makes of the same environment the same objects in every cluster', async (t) => {
  printTable(campus)
  await campus.stop()
  const prepare = (document: Document) => document.setIn(['git', 'engine'], 'flux')
  campus = await startEnvironment({name: 'campus', engine: flux, mirror: true, prepare})
  const commit = await campus.workspace.propose('env(campus): the same with Flux')
  await campus.bootstrap()
  await campus.arrived(commit)
  await expectComplete(t, campus, {cloud: ['Secret edge-greenhouse/kubeconfig']})
  const underFlux = await snapshots(campus.fleet)
  for (const [cluster, objects] of underFlux) {
    t.deepEqual(comparable(objects), comparable(underArgo.get(cluster) ?? new Map()), cluster)
  }
})
