import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import type {Bundle} from '../../generator/secrets/bundle.ts'
import {mergeBundles} from '../../generator/secrets/merge.ts'
import type {PlannedSecret} from '../../generator/secrets/plan.ts'
import {printLines, readLines} from '../../generator/secrets/registry.ts'
import {run} from '../../generator/verify/run.ts'
import {git} from '../support/programs.ts'
import {type SecretsRepository, secretsRepository, secretValue} from '../support/secrets.ts'

const line = (name: string, network: number) => ({
  name,
  server: `10.10.${network}.2`,
  nodes: [{name: `${name}-server`, model: 'raspberry-pi-5'}],
})

test('two operators who add and rotate in parallel branches lose nothing', async (t) => {
  const repository = await secretsRepository(t)
  const {folder} = repository
  await repository.made()
  await repository.commit('secrets')
  await git(folder, 'checkout', '--quiet', '-b', 'bobs')
  repository.edit((file) => file.addIn(['edge', 'clusters'], file.createNode(line('line-4', 4))))
  await repository.made(['--rotate', 'grafana-admin'], 'bob')
  await repository.commit('line-4')
  const bobs = {cloud: await repository.bundle('cloud'), line4: await repository.bundle('line-4')}
  await git(folder, 'checkout', '--quiet', 'main')
  repository.edit((file) => file.addIn(['edge', 'clusters'], file.createNode(line('line-3', 3))))
  await repository.made(['--rotate', 'line-1', '--rotate', 'jaeger-elasticsearch'])
  await repository.commit('line-3')
  const alices = {cloud: await repository.bundle('cloud'), line1: await repository.bundle('line-1')}
  t.is((await merge(folder, 'bobs')).exitCode, 1)
  t.regex(readFileSync(join(folder, 'clusters/factory/cloud/secrets.sops.yaml'), 'utf8'), /^<{7} /m)
  await git(folder, 'checkout', '--ours', 'environments/factory/environment.yaml')
  repository.edit((file) => file.addIn(['edge', 'clusters'], file.createNode(line('line-4', 4))))

  await repository.made()

  const cloud = await repository.bundle('cloud')
  const grafana = 'observability/grafana-admin'
  t.is(secretValue(cloud, grafana, 'admin-password'), secretValue(bobs.cloud, grafana, 'admin-password'))
  const jaeger = 'observability/jaeger-elasticsearch'
  t.is(secretValue(cloud, jaeger, 'password'), secretValue(alices.cloud, jaeger, 'password'))
  const keys = cloud.get('observability/netdata-stream-keys')?.values ?? {}
  t.deepEqual(Object.keys(keys), ['line-1', 'line-2', 'line-3', 'line-4'])
  t.is(keys['line-4'], secretValue(bobs.line4, 'observability/netdata-stream', 'api-key'))
  t.is(keys['line-1'], secretValue(alices.line1, 'observability/netdata-stream', 'api-key'))
  const before = repository.tree()
  t.regex((await repository.made([], 'bob')).stdout, /nothing changed/)
  t.deepEqual(repository.tree(), before)
  await repository.commit('merge')
})

test('where both have rotated the same, the merge keeps ours and says so', async (t) => {
  const repository = await secretsRepository(t)
  const {ours} = await rotateOnBothSides(repository, 'line-1', 'line-1')
  const {stderr} = await repository.made()
  t.regex(stderr, /Both sides of the merge have changed observability\/elastic-credentials: that of "ours" was kept/)
  const password = (bundle: Bundle) => secretValue(bundle, 'observability/elastic-credentials', 'password')
  t.is(password(await repository.bundle('line-1')), password(ours))
  t.regex((await repository.made()).stdout, /nothing changed/)
})

test('where both have rotated an account, the one that may be deployed is remembered', async (t) => {
  const repository = await secretsRepository(t)
  const {theirs} = await rotateOnBothSides(repository, 'influxdb-credentials', 'cloud')
  await repository.made()
  const value = (bundle: Bundle, key: string) => secretValue(bundle, 'observability/influxdb-credentials', key)
  const history = value(await repository.bundle('cloud'), 'previous-admin-password').split(' ')
  t.true(history.includes(value(theirs, 'admin-password')))
  t.is(history.length, 2)
})

/** Two branches that rotate the same, in the middle of their merge; with the Secrets of a cluster on each. */
async function rotateOnBothSides(repository: SecretsRepository, name: string, cluster: string) {
  const {folder} = repository
  await repository.made()
  await repository.commit('secrets')
  await git(folder, 'checkout', '--quiet', '-b', 'bobs')
  await repository.made(['--rotate', name], 'bob')
  await repository.commit('rotated by bob')
  const theirs = await repository.bundle(cluster)
  await git(folder, 'checkout', '--quiet', 'main')
  await repository.made(['--rotate', name])
  await repository.commit('rotated by alice')
  const ours = await repository.bundle(cluster)
  await merge(folder, 'bobs')
  await git(folder, 'checkout', '--ours', 'environments/factory/rendered')
  return {ours, theirs}
}

/** A merge that ends in conflicts. */
function merge(folder: string, branch: string) {
  const identity = ['-c', 'user.name=Operator', '-c', 'user.email=operator@example.com']
  return run('git', [...identity, 'merge', branch], {cwd: folder})
}

const users: PlannedSecret = {
  namespace: 'observability',
  name: 'users',
  keys: {users: {kind: 'fileRealm', file: 'users', services: [], operatorRoles: []}},
  afterRotation: undefined,
}

function bundleOf(entries: Record<string, string>): Bundle {
  const values = {users: printLines(new Map(Object.entries(entries)))}
  return new Map([['observability/users', {namespace: 'observability', name: 'users', annotations: {}, values}]])
}

const entries = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.constantFrom('1', '2', '3'))

test('a merge by entries: what one side changed is that, and where both differ ours stays', (t) => {
  fc.assert(
    fc.property(entries, entries, entries, (base, ours, theirs) => {
      let both = 0
      const sides = {base: bundleOf(base), ours: bundleOf(ours), theirs: bundleOf(theirs)}
      const merged = mergeBundles(sides, [users], () => {
        both += 1
      })
      const found = Object.fromEntries(readLines(secretValue(merged, 'observability/users', 'users')))
      const clashes = Object.keys({...ours, ...theirs}).filter(
        (name) => ours[name] !== theirs[name] && ours[name] !== base[name] && theirs[name] !== base[name],
      )
      for (const name of ['a', 'b', 'c', 'd', 'e']) {
        const expected = ours[name] === base[name] ? theirs[name] : ours[name]
        if (found[name] !== expected) return false
      }
      return both === clashes.length
    }),
  )
  t.pass()
})
