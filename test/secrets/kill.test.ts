import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {setTimeout as pause} from 'node:timers/promises'
import test, {type ExecutionContext} from 'ava'
import {isElasticHashOf} from '../../generator/secrets/hash.ts'
import {readCertificates, readLines} from '../../generator/secrets/registry.ts'
import {storeFiles} from '../../generator/secrets/store.ts'
import {root} from '../support/paths.ts'
import {type SecretsRepository, secretsRepository, secretValue} from '../support/secrets.ts'
import {readTree, temporaryFolder} from '../support/temporary.ts'

// A kill at any moment leaves every file old or new; whatever mixture that is, the next run makes it fit together.

async function expectFitting(t: ExecutionContext, repository: SecretsRepository) {
  const cloud = await repository.bundle('cloud')
  const hashes = readLines(secretValue(cloud, 'observability/elasticsearch-users', 'users'))
  const certificates = readCertificates(secretValue(cloud, 'observability/otel-gateway-clients', 'ca.crt'))
  for (const edge of ['line-1', 'line-2']) {
    const bundle = await repository.bundle(edge)
    const password = secretValue(bundle, 'observability/elastic-credentials', 'password')
    t.true(isElasticHashOf(hashes.get(`edge-${edge}`) ?? '', password))
    t.is(certificates.get(edge), secretValue(bundle, 'observability/otel-identity', 'tls.crt'))
    const key = secretValue(bundle, 'observability/netdata-stream', 'api-key')
    t.is(secretValue(cloud, 'observability/netdata-stream-keys', edge), key)
    t.truthy(await repository.decrypt(`clusters/factory/${edge}/secrets.sops.yaml`, repository.clusterKey(edge)))
  }
}

for (const milliseconds of [150, 300, 400, 500, 600, 700]) {
  test(`killed ${milliseconds} ms after its start, it is completed by the next run`, async (t) => {
    const repository = await secretsRepository(t)
    const {folder, environment} = repository
    const env = {...process.env, SOPS_AGE_KEY_FILE: repository.keyFile('alice'), PATH: repository.path}
    const args = [`${root}/generator/cli.ts`, 'secrets', environment, '--root', folder]
    const child = spawn(process.execPath, args, {env, stdio: 'ignore'})
    await Promise.race([pause(milliseconds), once(child, 'exit')])
    if (child.exitCode === null) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    await repository.made()
    await expectFitting(t, repository)
    t.regex((await repository.made()).stdout, /nothing changed/)
  })
}

for (const [title, kept] of [
  ['the file of the edge cluster was written, that of the cloud not', 'clusters/factory/cloud/secrets.sops.yaml'],
  ['the file of the cloud was written, that of the edge cluster not', 'clusters/factory/line-1/secrets.sops.yaml'],
] as const) {
  test(`where ${title}, the next run makes them fit`, async (t) => {
    const repository = await secretsRepository(t)
    await repository.made()
    const before = repository.tree()
    await repository.made(['--rotate', 'line-1'])
    storeFiles(repository.folder, temporaryFolder(t), [{path: kept, content: before[kept]}])
    await repository.made()
    await expectFitting(t, repository)
    t.regex((await repository.made()).stdout, /nothing changed/)
  })
}

test('where the login of an operator was written and the file of the cloud not, there is a new login', async (t) => {
  const repository = await secretsRepository(t)
  await repository.made()
  const cloud = 'clusters/factory/cloud/secrets.sops.yaml'
  const before = repository.tree()
  await repository.made(['--rotate', 'bob'])
  storeFiles(repository.folder, temporaryFolder(t), [{path: cloud, content: before[cloud]}])
  const {stdout} = await repository.made()
  t.regex(stdout, /wrote {4}environments\/factory\/operators\/bob\.sops\.yaml/)
  t.regex((await repository.made()).stdout, /nothing changed/)
})

test('where a file cannot be written, none is', (t) => {
  const folder = temporaryFolder(t, {'a/file': 'old', b: 'a file where a folder belongs'})
  t.throws(() =>
    storeFiles(folder, temporaryFolder(t), [
      {path: 'a/file', content: 'new'},
      {path: 'b/file', content: 'new'},
    ]),
  )
  t.is(readTree(folder)['a/file'], 'old')
})
