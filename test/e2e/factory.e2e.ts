import {readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import test from 'ava'
import {isReady, stateOf} from './harness/api.ts'
import {changes, effectOf, expectComplete, snapshot, withoutIds} from './harness/checks.ts'
import {type RunningEnvironment, relabel, startEnvironment} from './harness/environment.ts'
import {eventually} from './harness/eventually.ts'
import type {Member} from './harness/fleet.ts'
import {askForReconciliation, flux, release} from './harness/flux.ts'
import {secretObject} from './harness/objects.ts'
import {measured, printTable} from './harness/table.ts'

// A cloud cluster and edge clusters with a Flux of their own, all upstream charts from a mirror, Git behind a login.

let factory: RunningEnvironment
const gitCredentials = ['Secret flux-system/git-credentials']
const byHand = {cloud: gitCredentials, 'line-1': gitCredentials, 'line-2': gitCredentials, 'line-3': gitCredentials}

test.before(async () => {
  factory = await startEnvironment({name: 'factory', engine: flux, mirror: true})
})

test.after.always(async () => {
  if (!factory) return
  printTable(factory)
  await factory.stop()
})

test.serial('from empty clusters to all releases Ready, and nothing but what was rendered', async (t) => {
  const commit = await factory.workspace.propose('env(factory): first commit')
  await measured(t, factory, async () => {
    await factory.bootstrap()
    await factory.arrived(commit)
  })
  await expectComplete(t, factory, byHand)
})

test.serial('another image of an edge component changes its DaemonSets, and nothing else', async (t) => {
  const path = ['images', 'overrides', 'fluent-bit.fluent-bit']
  const image = 'cr.fluentbit.io/fluent/fluent-bit:5.1.4'
  const effect = await effectOf(factory, () =>
    measured(t, factory, () => factory.merge('env(factory): Fluent Bit 5.1.4', (file) => file.setIn(path, image))),
  )
  const changed = ['~ DaemonSet.apps observability/fluent-bit']
  t.deepEqual(effect, {'line-1': changed, 'line-2': changed})
})

test.serial('another MetalLB range changes the pool of the cloud, and nothing else', async (t) => {
  const path = ['cloud', 'loadBalancer', 'addresses']
  const effect = await effectOf(factory, () =>
    measured(t, factory, () =>
      factory.merge('env(factory): smaller pool', (file) => file.setIn(path, ['192.168.1.240-192.168.1.244'])),
    ),
  )
  t.deepEqual(effect, {cloud: ['~ IPAddressPool.metallb.io cloud-operators/ingress']})
})

test.serial('a setting of one edge cluster changes that cluster, and no other', async (t) => {
  const path = ['edge', 'clusters', 1, 'settings', 'fluent-bit', 'flushSeconds']
  const effect = await effectOf(factory, () =>
    measured(t, factory, () =>
      factory.merge('env(factory): line-2 flushes each minute', (file) => file.setIn(path, 60)),
    ),
  )
  t.deepEqual(effect, {
    'line-2': ['~ ConfigMap observability/fluent-bit', '~ DaemonSet.apps observability/fluent-bit'],
  })
})

test.serial(
  'rotating an edge cluster changes Secrets of that cluster and of the cloud, and no other cluster',
  async (t) => {
    const {workspace} = factory
    const effect = await effectOf(factory, () =>
      measured(t, factory, async () => {
        await workspace.secrets('--rotate', 'line-1')
        const commit = await workspace.propose('fix(line-1): new identity')
        await factory.announce()
        await factory.arrived(commit)
      }),
    )
    t.deepEqual(effect, {
      cloud: [
        '~ Secret observability/elasticsearch-users',
        '~ Secret observability/netdata-stream-keys',
        '~ Secret observability/otel-gateway-clients',
      ],
      'line-1': [
        '~ DaemonSet.apps observability/fluent-bit',
        '~ Secret observability/elastic-credentials',
        '~ Secret observability/netdata-stream',
        '~ Secret observability/otel-identity',
      ],
    })
    await expectComplete(t, factory, byHand)
  },
)

test.serial(
  'the key of another cluster decrypts nothing, holds up nothing else, and the right one heals it',
  async (t) => {
    const {workspace, fleet} = factory
    const line = fleet.get('line-1')
    const ageSecret = (cluster: string) =>
      secretObject('flux-system', 'sops-age', {'age.agekey': workspace.clusterKey(cluster)})
    await line.api.apply(ageSecret('line-2'))
    const before = await snapshot(line)
    await workspace.secrets('--rotate', 'line-1')
    workspace.edit((file) => file.setIn(['edge', 'clusters', 0, 'settings', 'fluent-bit', 'flushSeconds'], 20))
    const commit = await workspace.propose('fix(line-1): another identity')
    await factory.announce()
    await factory.arrived(commit, ['cloud', 'line-2'])
    await eventually('line-1 cannot decrypt', async () => {
      const kustomizations = await line.api.list('kustomize.toolkit.fluxcd.io/v1', 'Kustomization')
      const state = kustomizations.filter(({metadata}) => metadata.name === 'secrets').map(stateOf)
      return /Ready=False.*(cannot get sops data key|no identity matched)/.test(state.join())
    })
    await eventually('the releases of line-1 go on', async () => {
      const found = await release(line, 'edge-observability')
      return found ? isReady(found) && JSON.stringify(found.status).includes(commit.slice(0, 12)) : false
    })
    const changed = changes(before, await snapshot(line))
    t.deepEqual(changed, ['~ ConfigMap observability/fluent-bit', '~ DaemonSet.apps observability/fluent-bit'])
    await line.api.apply(ageSecret('line-1'))
    await askForReconciliation(line, 'Kustomization')
    await factory.arrived(commit)
    await expectComplete(t, factory, byHand)
  },
)

test.serial('a label of a node changes no object of any release', async (t) => {
  const path = ['edge', 'clusters', 0, 'nodes', 0, 'labels']
  const effect = await effectOf(factory, async () => {
    await factory.merge('env(factory): label of a node', (file) => file.setIn(path, {'example.com/rack': 'a1'}))
    await relabel(factory)
  })
  t.deepEqual(effect, {})
  const node = await factory.fleet.get('line-1').api.get({apiVersion: 'v1', kind: 'Node', name: 'line-1-server'})
  t.is(node?.metadata.labels?.['example.com/rack'], 'a1')
})

const line3 = {name: 'line-3', server: '10.10.3.2', nodes: [{name: 'line-3-server', model: 'raspberry-pi-5'}]}

test.serial('a new edge cluster comes up, and no other changes', async (t) => {
  const {workspace} = factory
  const effect = await effectOf(factory, () =>
    measured(t, factory, async () => {
      workspace.edit((file) => file.addIn(['edge', 'clusters'], file.createNode(line3)))
      const commit = await workspace.propose('env(factory): line-3')
      await factory.add('line-3')
      await factory.announce()
      await factory.arrived(commit)
    }),
  )
  t.deepEqual(Object.keys(effect), ['cloud', 'line-3'])
  t.deepEqual(effect.cloud, [
    '~ Secret observability/elasticsearch-roles',
    '~ Secret observability/elasticsearch-users',
    '~ Secret observability/netdata-stream-keys',
    '~ Secret observability/otel-gateway-clients',
  ])
  await expectComplete(t, factory, byHand)
})

test.serial('an edge cluster that Git forgets keeps what it has, and says why it hears nothing', async (t) => {
  const {workspace, fleet} = factory
  const line = fleet.get('line-3')
  const effect = await effectOf(factory, async () => {
    workspace.edit((file) => file.deleteIn(['edge', 'clusters', 2]))
    const commit = await workspace.propose('env(factory): line-3 is gone')
    await factory.announce()
    await askForReconciliation(line)
    await factory.arrived(commit)
    await eventually('line-3 says that its folder is missing', async () => {
      const [root] = await line.api.list('kustomize.toolkit.fluxcd.io/v1', 'Kustomization')
      return root ? /no such file|not found/.test(stateOf(root)) : false
    })
  })
  t.deepEqual(Object.keys(effect), ['cloud'], 'which lets it in no more')
})

test.serial('what somebody changes or removes by hand in a cluster is put back', async (t) => {
  const line = factory.fleet.get('line-1')
  const before = await snapshot(line)
  const daemonSet = {apiVersion: 'apps/v1', kind: 'DaemonSet', namespace: 'observability', name: 'netdata-child'}
  await line.api.patch(daemonSet, {spec: {template: {spec: {nodeSelector: {'example.com/nowhere': 'yes'}}}}})
  await line.api.delete({apiVersion: 'v1', kind: 'ConfigMap', namespace: 'observability', name: 'fluent-bit'})
  t.deepEqual(changes(before, await snapshot(line)), [
    '- ConfigMap observability/fluent-bit',
    '~ DaemonSet.apps observability/netdata-child',
  ])
  await askForReconciliation(line, 'HelmRelease')
  const left = async () => changes(withoutIds(before), withoutIds(await snapshot(line)))
  await eventually(
    'line-1 is as before',
    async () => (await left()).length === 0,
    async () => (await left()).join('\n'),
  )
})

test.serial(
  'a release that fails is held, later layers wait, other clusters go on, and a commit heals it',
  async (t) => {
    const {workspace, fleet} = factory
    const line = fleet.get('line-1')
    const before = await snapshot(line)
    const values = join(workspace.folder, 'environments/factory/rendered/line-1/edge-platform.values.yaml')
    const breakLine1 = () => writeFileSync(values, readFileSync(values, 'utf8').replace('demo: false', 'demo: perhaps'))
    breakLine1()
    await workspace.push('chore: a merge that went wrong')
    await factory.announce()
    await says(line, 'edge-platform', /Ready=False[^|]*demo/)
    workspace.edit((file) => file.setIn(['edge', 'defaults', 'settings', 'netdata-child', 'updateEvery'], 3))
    workspace.render()
    breakLine1()
    const commit = await workspace.push('env(factory): each 3 seconds, and line-1 is still broken')
    await factory.announce()
    await factory.arrived(commit, ['cloud', 'line-2'])
    await says(line, 'edge-observability', /dependency 'flux-system\/edge-platform' is not ready/)
    t.deepEqual(changes(before, await snapshot(line)), [])
    await measured(t, factory, async () => {
      const repair = await workspace.propose('fix: rendered again')
      await factory.announce()
      await factory.arrived(repair)
    })
    t.deepEqual(changes(before, await snapshot(line)), [
      '~ ConfigMap observability/netdata-child',
      '~ DaemonSet.apps observability/netdata-child',
    ])
  },
)

/** Waits until a release says something. */
function says(member: Member, name: string, pattern: RegExp): Promise<void> {
  return eventually(`${name} of ${member.name} says ${pattern}`, async () => {
    const found = await release(member, name)
    return found ? pattern.test(stateOf(found)) : false
  })
}

test.serial('a repair does not wait until a release whose pods never run gives up', async (t) => {
  const {workspace, fleet} = factory
  const cloud = fleet.get('cloud')
  const values = join(workspace.folder, 'environments/factory/rendered/cloud/cloud-platform.values.yaml')
  const nowhere = '  nodeSelector: {example.com/nowhere: "yes"}\n'
  writeFileSync(values, readFileSync(values, 'utf8').replace('traefik:\n', `traefik:\n${nowhere}`))
  await workspace.push('chore: an ingress that no node takes')
  await factory.announce()
  await eventually('the ingress waits for a node', async () => {
    const pods = await cloud.api.list('v1', 'Pod', 'cloud-platform')
    return pods.some(({status}) => status?.phase === 'Pending')
  })
  await measured(t, factory, async () => {
    const repair = await workspace.propose('fix: rendered again')
    await factory.announce()
    await factory.arrived(repair)
  })
  await expectComplete(t, factory, byHand)
})
