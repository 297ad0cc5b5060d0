import {renameSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import test from 'ava'
import {layerDefinitions} from '../../generator/components/index.ts'
import {planRepository} from '../../generator/pipeline.ts'
import {checkSecrets} from '../../generator/secrets/check-secrets.ts'
import {type SecretsRepository, secretsRepository} from '../support/secrets.ts'

function checkedAt({folder}: SecretsRepository, now: Date): [string, string][] {
  const [plan] = planRepository(folder, layerDefinitions, [])
  const issues = checkSecrets({root: folder, sites: plan?.sites ?? [], layers: layerDefinitions, now})
  return issues.map(({severity, message}) => [severity, message])
}

function inDays(days: number): Date {
  return new Date(Date.now() + days * 86_400_000)
}

test('a check needs no key, and finds nothing where all is there', async (t) => {
  const repository = await secretsRepository(t)
  await repository.made()
  const {exitCode, stdout, stderr} = await repository.secrets(['--check'], 'eve', {SOPS_AGE_KEY_FILE: '/nonexistent'})
  t.is(stderr, '')
  t.is(stdout, 'The Secrets of factory are complete: 3 clusters, as far as can be seen without a key')
  t.is(exitCode, 0)
})

test('a check says what is missing, with the command that makes it', async (t) => {
  const repository = await secretsRepository(t)
  await repository.made()
  rmSync(join(repository.folder, 'clusters/factory/line-2/secrets.sops.yaml'))
  rmSync(join(repository.folder, 'environments/factory/operators/bob.sops.yaml'))
  const line = {name: 'line-3', server: '10.10.3.2', nodes: [{name: 'line-3-server', model: 'raspberry-pi-5'}]}
  repository.edit((file) => file.addIn(['edge', 'clusters'], file.createNode(line)))
  const {exitCode, stderr} = await repository.secrets(['--check'])
  t.is(exitCode, 1)
  t.is(
    stderr,
    [
      'clusters/factory/cloud/secrets.sops.yaml  error',
      '  The cloud does not let edge cluster line-3 in',
      '  Fix: run npm run secrets -- factory, which mends it',
      '',
      'clusters/factory/line-2/secrets.sops.yaml  error',
      '  Cannot find the Secrets of the cluster',
      '  Fix: run npm run secrets -- factory, which makes them',
      '',
      'clusters/factory/line-3/secrets.sops.yaml  error',
      '  Cannot find the Secrets of the cluster',
      '  Fix: run npm run secrets -- factory, which makes them',
      '',
      'environments/factory/operators/bob.sops.yaml  error',
      '  bob has no login that only bob can read',
      '  Fix: run npm run secrets -- factory, which makes one',
      '',
      '4 errors',
    ].join('\n'),
  )
})

test('a check says who can read what they should not, and what is left of those who are gone', async (t) => {
  const repository = await secretsRepository(t)
  await repository.made()
  repository.edit((file) => {
    file.deleteIn(['secrets', 'operators', 1])
    file.deleteIn(['edge', 'clusters', 1])
  })
  const {stderr} = await repository.secrets(['--check'])
  t.true(stderr.includes(`${repository.recipient('bob')} can read this, and is neither an operator nor the cluster`))
  t.regex(stderr, /The cloud still lets line-2 in, which is no edge cluster/)
  for (const path of ['clusters/factory/line-2/secrets.sops.yaml', 'environments/factory/operators/bob.sops.yaml']) {
    t.true(
      stderr.includes(`${path}  error\n  This belongs to a cluster or an operator that the environment no longer has`),
    )
  }
})

test('a file in the place of another is found by who can read it', async (t) => {
  const repository = await secretsRepository(t)
  await repository.made()
  const path = (cluster: string) => join(repository.folder, `clusters/factory/${cluster}/secrets.sops.yaml`)
  renameSync(path('line-1'), path('line-2'))
  const {stderr} = await repository.secrets(['--check'])
  t.regex(stderr, /line-2\/secrets\.sops\.yaml {2}error\n {2}the cluster itself cannot read this/)
})

test('a check says when an older authority is needed no more', async (t) => {
  const repository = await secretsRepository(t)
  await repository.made()
  await repository.made(['--rotate', 'authority'])
  t.deepEqual(checkedAt(repository, inDays(80)), [])
  t.deepEqual(checkedAt(repository, inDays(95)), [['warning', 'The older authority is needed no more']])
})

test('a certificate that ends soon is a warning, and one that ends within the longest outage an error', async (t) => {
  const repository = await secretsRepository(t, {prepare: (file) => file.setIn(['outage', 'survive'], '10d')})
  await repository.made()
  t.deepEqual(checkedAt(repository, inDays(5 * 365 - 45)), [])
  const soon = checkedAt(repository, inDays(5 * 365 - 20))
  t.deepEqual([...new Set(soon.map(([severity]) => severity))], ['warning'])
  t.is(soon.length, 2)
  const late = checkedAt(repository, inDays(5 * 365 - 5))
  t.deepEqual([...new Set(late.map(([severity]) => severity))], ['error'])
  t.regex(
    late[0]?.[1] ?? '',
    /The certificate in Secret otel-identity ends on 20\d\d-\d\d-\d\d, within an outage of 10d/,
  )
  const authority = checkedAt(repository, inDays(10 * 365 - 5)).filter(([, message]) => message.includes('authority'))
  t.is(authority.length, 1, 'it is the same everywhere, and told of once')
})
