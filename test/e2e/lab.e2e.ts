import test from 'ava'
import {layerDefinitions} from '../../generator/components/index.ts'
import {type PodSecurityLevel, podSecurityLevels} from '../../generator/gates/facts/pod-security.ts'
import {requireTool, tools} from '../../generator/verify/tools.ts'
import {vendor} from '../../generator/verify/vendor.ts'
import {root} from '../support/paths.ts'
import type {Api, LiveObject} from './harness/api.ts'
import {changes, expectComplete, snapshot} from './harness/checks.ts'
import {type RunningEnvironment, relabel, startEnvironment} from './harness/environment.ts'
import {eventually} from './harness/eventually.ts'
import {askForReconciliation, flux, release} from './harness/flux.ts'
import {type Verdict, verdicts} from './harness/pod-security.ts'
import {measured, printTable} from './harness/table.ts'
import {addressOf} from './stand-ins/metallb.ts'
import {webhookAuthority, writeWebhookAuthority} from './stand-ins/operators.ts'

// The walk-through of 2020: a cloud cluster whose Flux also reconciles the one edge cluster, with all upstream charts
// vendored into Git.

let lab: RunningEnvironment
const byHand = {cloud: ['Secret edge-lab-edge/kubeconfig']}

test.before(async () => {
  lab = await startEnvironment({name: 'lab', engine: flux, mirror: false})
})

test.after.always(async () => {
  if (!lab) return
  printTable(lab)
  await lab.stop()
})

test.serial('from empty clusters to all releases Ready, and nothing but what was rendered', async (t) => {
  const {workspace, packages} = lab
  await workspace.propose('env(lab): first commit')
  const helm = await requireTool(root, tools.helm)
  await vendor({root: workspace.folder, helm, layers: layerDefinitions, from: packages, progress: () => {}})
  const commit = await workspace.push('chore: vendor charts')
  await measured(t, lab, async () => {
    await lab.bootstrap()
    await lab.arrived(commit)
  })
  await expectComplete(t, lab, byHand)
})

test.serial('releases were installed in the order of their layers', async (t) => {
  const releases = await lab.fleet.get('cloud').api.list('helm.toolkit.fluxcd.io/v2', 'HelmRelease')
  t.is(releases.length, 6)
  for (const release of releases) {
    for (const {name} of (release.spec?.dependsOn ?? []) as {name: string}[]) {
      const earlier = releases.find(
        ({metadata}) => metadata.name === name && metadata.namespace === release.metadata.namespace,
      )
      t.true(deployedAt(earlier) <= deployedAt(release), `${name} before ${release.metadata.name}`)
    }
  }
})

function deployedAt(release: LiveObject | undefined): string {
  const {history = []} = (release?.status ?? {}) as {history?: {lastDeployed: string}[]}
  return history[0]?.lastDeployed ?? 'never'
}

test.serial('the ingress has the address of the pool that NAT forwards to', async (t) => {
  const {api} = lab.fleet.get('cloud')
  const service = {apiVersion: 'v1', kind: 'Service', namespace: 'cloud-platform', name: 'traefik'}
  const address = async () => {
    const object = await api.get(service)
    return object && addressOf(object)
  }
  await eventually('the ingress has an address', async () => (await address()) !== undefined)
  t.is(await address(), '10.0.0.10')
})

test.serial('strict validation finds a misspelt key, so an accepted object means something', async (t) => {
  const metadata = {name: 'ingress', namespace: 'cloud-operators'}
  const spec = {addresses: ['10.0.0.10/32'], autoAsign: false}
  const pool = {apiVersion: 'metallb.io/v1beta1', kind: 'IPAddressPool', metadata, spec}
  await t.throwsAsync(lab.fleet.get('cloud').api.apply(pool, {dryRun: true}), {message: /autoAsign/})
})

test.serial('each namespace enforces the strictest level that admits its pods', async (t) => {
  const levels: Record<string, string> = {}
  for (const {name, api} of lab.fleet.members.values()) {
    for (const {metadata} of await api.list('v1', 'Namespace')) {
      const level = metadata.labels?.['pod-security.kubernetes.io/enforce'] as PodSecurityLevel | undefined
      if (!level) continue
      levels[`${name}/${metadata.name}`] = level
      t.deepEqual(await refusedBy(level, metadata.name, api), [], `${level} admits the pods of ${metadata.name}`)
      const stricter = ({privileged: 'baseline', baseline: 'restricted'} as const)[level as 'privileged' | 'baseline']
      if (!stricter) continue
      const refused = await refusedBy(stricter, metadata.name, api)
      t.true(refused.length > 0, `${metadata.name} of ${name} could enforce ${stricter}`)
    }
  }
  t.deepEqual(levels, {
    'cloud/cloud-operators': 'privileged',
    'cloud/cloud-platform': 'restricted',
    'cloud/observability': 'baseline',
    'lab-edge/demo': 'privileged',
    'lab-edge/observability': 'privileged',
  })
})

test.serial('gate schemas admits and refuses the pods that the API server does, at every level', async (t) => {
  const judged: Verdict[] = []
  for (const {api} of lab.fleet.members.values()) {
    for (const namespace of ['cloud-operators', 'cloud-platform', 'observability', 'demo']) {
      for (const level of podSecurityLevels) judged.push(...(await verdicts(level, namespace, api)))
    }
  }
  t.true(judged.length > 60)
  t.true(judged.some(({server}) => server !== undefined))
  t.deepEqual(
    judged.filter(({server, gate}) => (server !== undefined) !== gate.length > 0),
    [],
  )
})

async function refusedBy(level: PodSecurityLevel, namespace: string, api: Api): Promise<string[]> {
  return (await verdicts(level, namespace, api)).flatMap(({server}) => server ?? [])
}

test.serial('the authority that an operator writes into its webhook is not taken for a change by hand', async (t) => {
  const cloud = lab.fleet.get('cloud')
  const authority = await writeWebhookAuthority(cloud)
  const asked = await askForReconciliation(cloud, 'HelmRelease')
  await eventually('Flux has compared cloud-operators', async () => {
    const {status = {}} = (await release(cloud, 'cloud-operators')) ?? {}
    return status.lastHandledReconcileAt === asked
  })
  t.is(await webhookAuthority(cloud), authority)
})

test.serial('the demo runs where the labels of the nodes say', async (t) => {
  const {api} = lab.fleet.get('lab-edge')
  const publishers = async () => {
    const pods = await api.list('v1', 'Pod', 'demo')
    const named = pods.filter(({metadata}) => metadata.name.startsWith('publisher-') && !metadata.deletionTimestamp)
    return named.map(({spec}) => String(spec?.nodeName)).sort()
  }
  t.deepEqual(await publishers(), ['pi-3b', 'xavier'])
  const label = ['edge', 'clusters', 0, 'nodes', 0, 'labels', 'publisher']
  await lab.merge('env(lab): no publisher on pi-3b', (file) => file.setIn(label, 'no'))
  await relabel(lab)
  await eventually('the publisher has left pi-3b', async () => (await publishers()).join() === 'xavier')
})

const yard = {name: 'yard', server: '10.9.0.2', reconcile: 'remote', nodes: [{name: 'yard-1', model: 'raspberry-pi-5'}]}

test.serial('a remote edge cluster that is added comes up, and one that is removed is emptied', async (t) => {
  const {workspace, fleet} = lab
  const labEdge = await snapshot(fleet.get('lab-edge'))
  workspace.edit((file) => file.addIn(['edge', 'clusters'], file.createNode(yard)))
  await measured(t, lab, async () => {
    const commit = await workspace.propose('env(lab): yard')
    await lab.add('yard')
    await lab.announce()
    await lab.arrived(commit)
  })
  await expectComplete(t, lab, {cloud: [...byHand.cloud, 'Secret edge-yard/kubeconfig']})
  await lab.merge('env(lab): yard is gone', (file) => file.deleteIn(['edge', 'clusters', 1]))
  const {api} = fleet.get('yard')
  await eventually('yard is empty', async () => (await workloadsOf(api)).length === 0)
  const differences = async () => changes(labEdge, await snapshot(fleet.get('lab-edge')))
  await eventually(
    'lab-edge is as it was, with the same objects',
    async () => (await differences()).length === 0,
    async () => (await differences()).join('\n'),
  )
})

async function workloadsOf(api: Api): Promise<LiveObject[]> {
  const lists = ['DaemonSet', 'Deployment', 'StatefulSet'].map((kind) => api.list('apps/v1', kind))
  return (await Promise.all(lists)).flat()
}
