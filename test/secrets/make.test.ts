import {existsSync, readFileSync, statSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import test from 'ava'
import bcrypt from 'bcryptjs'
import {layerDefinitions} from '../../generator/components/index.ts'
import {planRepository} from '../../generator/pipeline.ts'
import {isPair, newAuthority} from '../../generator/secrets/certificate.ts'
import {isElasticHashOf} from '../../generator/secrets/hash.ts'
import {plannedSecrets, valuesOfKeys} from '../../generator/secrets/plan.ts'
import {readCertificates, readLines} from '../../generator/secrets/registry.ts'
import {changedPaths, operatorPassword, secretsRepository, secretValue} from '../support/secrets.ts'
import {addSecret, editWith} from '../support/sops-edit.ts'

const clusters = ['cloud', 'line-1', 'line-2']
const edges = clusters.slice(1)

test('each cluster gets every Secret that its components need, with every key filled', async (t) => {
  const repository = await secretsRepository(t)
  const {stdout} = await repository.made()
  t.regex(stdout, /wrote {4}clusters\/factory\/cloud\/secrets\.sops\.yaml/)
  const [plan] = planRepository(repository.folder, layerDefinitions, [])
  for (const site of plan?.sites ?? []) {
    const bundle = await repository.bundle(site.cluster.name)
    const planned = plannedSecrets(site, layerDefinitions)
    t.true(planned.length >= 4)
    for (const secret of planned) {
      for (const [key] of valuesOfKeys(secret)) {
        const value = bundle.get(`${secret.namespace}/${secret.name}`)?.values[key] ?? ''
        t.true(value.length > 3, `${site.cluster.name} ${secret.name} ${key}`)
      }
    }
  }
})

test('what the cloud knows of an edge cluster fits what the edge cluster has', async (t) => {
  const repository = await secretsRepository(t)
  await repository.made()
  const cloud = await repository.bundle('cloud')
  const hashes = readLines(secretValue(cloud, 'observability/elasticsearch-users', 'users'))
  const certificates = readCertificates(secretValue(cloud, 'observability/otel-gateway-clients', 'ca.crt'))
  t.deepEqual([...certificates.keys()], edges)
  for (const edge of edges) {
    const bundle = await repository.bundle(edge)
    t.is(secretValue(bundle, 'observability/elastic-credentials', 'username'), `edge-${edge}`)
    const password = secretValue(bundle, 'observability/elastic-credentials', 'password')
    t.true(isElasticHashOf(hashes.get(`edge-${edge}`) ?? '', password))
    t.is(
      secretValue(cloud, 'observability/netdata-stream-keys', edge),
      secretValue(bundle, 'observability/netdata-stream', 'api-key'),
    )
    const certificate = secretValue(bundle, 'observability/otel-identity', 'tls.crt')
    t.true(isPair({certificate, privateKey: secretValue(bundle, 'observability/otel-identity', 'tls.key')}))
    t.is(certificates.get(edge), certificate)
    t.is(
      secretValue(bundle, 'observability/cloud-authority', 'ca.crt'),
      secretValue(cloud, 'cloud-operators/environment-ca', 'tls.crt'),
    )
  }
  const passwords = [...(await Promise.all(edges.map((edge) => repository.bundle(edge))))].map((bundle) =>
    secretValue(bundle, 'observability/elastic-credentials', 'password'),
  )
  t.is(new Set(passwords).size, edges.length)
})

test('programs of the cloud have the passwords whose hashes Elasticsearch has', async (t) => {
  const repository = await secretsRepository(t)
  await repository.made()
  const cloud = await repository.bundle('cloud')
  const hashes = readLines(secretValue(cloud, 'observability/elasticsearch-users', 'users'))
  const users = {grafana: 'grafana-elasticsearch', jaeger: 'jaeger-elasticsearch', retention: 'elasticsearch-retention'}
  for (const [user, secret] of Object.entries(users)) {
    t.is(secretValue(cloud, `observability/${secret}`, 'username'), user)
    t.true(isElasticHashOf(hashes.get(user) ?? '', secretValue(cloud, `observability/${secret}`, 'password')), user)
  }
  t.is(
    secretValue(cloud, 'observability/elasticsearch-users', 'users_roles'),
    [
      'kibana_admin:alice,bob',
      'operator:alice,bob',
      'monitoring_user:alice,bob',
      'grafana:grafana',
      'jaeger:jaeger',
      'retention:retention',
      'edge-line-1:edge-line-1',
      'edge-line-2:edge-line-2',
      '',
    ].join('\n'),
  )
})

test('running twice changes nothing', async (t) => {
  const repository = await secretsRepository(t)
  await repository.made()
  const before = repository.tree()
  const {stdout} = await repository.made()
  t.regex(stdout, /^The Secrets of factory are complete: nothing changed$/m)
  t.deepEqual(repository.tree(), before)
  await repository.made([], 'bob')
  t.deepEqual(repository.tree(), before)
})

test('a file can be decrypted by the operators and by its own cluster, and by no other cluster or person', async (t) => {
  const repository = await secretsRepository(t)
  await repository.made()
  for (const cluster of clusters) {
    const path = `clusters/factory/${cluster}/secrets.sops.yaml`
    const readers = {
      ...Object.fromEntries(clusters.map((other) => [other, repository.clusterKey(other)])),
      ...Object.fromEntries(['alice', 'bob', 'eve'].map((name) => [name, repository.keyFile(name)])),
    }
    const able: string[] = []
    for (const [name, key] of Object.entries(readers)) if (await repository.decrypt(path, key)) able.push(name)
    t.deepEqual(able, [cluster, 'alice', 'bob'])
  }
})

test('the login of an operator can be read by that operator alone, and opens Kibana and the pages', async (t) => {
  const repository = await secretsRepository(t)
  await repository.made()
  const path = 'environments/factory/operators/bob.sops.yaml'
  t.is(await repository.decrypt(path, repository.keyFile('alice')), undefined)
  const password = (await operatorPassword(repository, 'bob')) ?? ''
  const cloud = await repository.bundle('cloud')
  const login = readLines(secretValue(cloud, 'observability/operator-login', 'users')).get('bob') ?? ''
  t.true(bcrypt.compareSync(password, login))
  const hash = readLines(secretValue(cloud, 'observability/elasticsearch-users', 'users')).get('bob') ?? ''
  t.true(isElasticHashOf(hash, password))
})

test('the private key of a cluster waits where Git ignores it and only its owner can read it', async (t) => {
  const repository = await secretsRepository(t)
  await repository.made()
  for (const cluster of clusters) {
    t.is(statSync(repository.clusterKey(cluster)).mode & 0o777, 0o600)
    const text = readFileSync(repository.clusterKey(cluster), 'utf8')
    const recipient = readFileSync(join(repository.folder, `clusters/factory/${cluster}/age.pub`), 'utf8').trim()
    t.true(text.includes(`# public key: ${recipient}\n`))
  }
  t.is(statSync(join(repository.folder, '.secrets')).mode & 0o777, 0o700)
})

test('.sops.yaml lets people encrypt a file for those who can read it', async (t) => {
  const repository = await secretsRepository(t)
  await repository.made()
  const rules = readFileSync(join(repository.folder, '.sops.yaml'), 'utf8')
  for (const cluster of clusters) {
    const recipient = readFileSync(join(repository.folder, `clusters/factory/${cluster}/age.pub`), 'utf8').trim()
    const readers = [repository.recipient('alice'), repository.recipient('bob'), recipient].join(',')
    t.true(rules.includes(`clusters/factory/${cluster}/secrets\\\\.sops\\\\.yaml`), cluster)
    t.true(rules.includes(`age: "${readers}"`), cluster)
  }
})

test('what somebody has added with sops edit stays', async (t) => {
  const repository = await secretsRepository(t)
  await repository.made()
  const path = 'clusters/factory/cloud/secrets.sops.yaml'
  await addSecret(repository, path, {namespace: 'observability', name: 'mine', key: 'token', value: 'of-my-own-making'})
  await repository.made(['--rotate', 'grafana-admin'])
  t.deepEqual((await repository.bundle('cloud')).get('observability/mine')?.rest, {
    metadata: {labels: {mine: 'yes'}},
    object: {type: 'example.com/mine', data: {old: 'b2Y='}},
  })
  t.is(secretValue(await repository.bundle('cloud'), 'observability/mine', 'token'), 'of-my-own-making')
})

test('an authority of one’s own stays, and is what edges trust, though nobody said so', async (t) => {
  const repository = await secretsRepository(t)
  await repository.made()
  const before = await repository.bundle('cloud')
  const own = (key: string) => secretValue(before, 'cloud-operators/environment-ca', key)
  const withoutTrusted = `sed -i '/trusted.crt: /,/END CERTIFICATE/d' "$1"\n`
  await editWith(repository, 'clusters/factory/cloud/secrets.sops.yaml', withoutTrusted)
  t.false('trusted.crt' in ((await repository.bundle('cloud')).get('cloud-operators/environment-ca')?.values ?? {}))
  await repository.made()
  const after = await repository.bundle('cloud')
  for (const key of ['tls.crt', 'tls.key', 'trusted.crt']) {
    t.is(secretValue(after, 'cloud-operators/environment-ca', key), own(key), key)
  }
})

test('a new edge cluster changes its own files and those of the cloud; one that is gone leaves nothing', async (t) => {
  const repository = await secretsRepository(t)
  await repository.made()
  const before = repository.tree()
  const line = {name: 'line-3', server: '10.10.3.2', nodes: [{name: 'line-3-server', model: 'raspberry-pi-5'}]}
  repository.edit((file) => file.addIn(['edge', 'clusters'], file.createNode(line)))
  await repository.made()
  const added = changedPaths(before, repository.tree()).filter((path) => /sops|age\.pub/.test(path))
  t.deepEqual(added, [
    '.sops.yaml',
    'clusters/factory/cloud/secrets.sops.yaml',
    'clusters/factory/line-3/age.pub',
    'clusters/factory/line-3/secrets.sops.yaml',
  ])
  repository.edit((file) => file.deleteIn(['edge', 'clusters', 2]))
  const {stdout} = await repository.made()
  t.regex(stdout, /removed {2}clusters\/factory\/line-3\/secrets\.sops\.yaml/)
  t.false(existsSync(join(repository.folder, 'clusters/factory/line-3')))
  const cloud = JSON.stringify([...(await repository.bundle('cloud')).values()])
  t.false(cloud.includes('line-3'))
})

test('with a public authority there is none of our own, and edges trust that of the image', async (t) => {
  const repository = await secretsRepository(t, {
    prepare: (file) =>
      file.setIn(['cloud', 'certificates'], file.createNode({issuer: 'acme', email: 'ops@example.com'})),
  })
  await repository.made()
  t.false((await repository.bundle('cloud')).has('cloud-operators/environment-ca'))
  t.false((await repository.bundle('line-1')).has('observability/cloud-authority'))
  t.false(existsSync(join(repository.folder, 'environments/factory/authority.crt')))
})

test('with an authority made inside the cloud, its certificate reaches the edges once a person has put it into Git', async (t) => {
  const repository = await secretsRepository(t, {
    prepare: (file) => file.setIn(['cloud', 'certificates'], file.createNode({issuer: 'self-signed'})),
  })
  const {stderr} = await repository.made()
  t.regex(stderr, /environments\/factory\/authority\.crt {2}warning\n {2}Cannot tell the edge clusters whom to trust/)
  t.false((await repository.bundle('line-1')).has('observability/cloud-authority'))
  const {certificate} = await newAuthority('of the cluster', new Date())
  writeFileSync(join(repository.folder, 'environments/factory/authority.crt'), certificate)
  await repository.made()
  t.is(secretValue(await repository.bundle('line-1'), 'observability/cloud-authority', 'ca.crt'), certificate)
})
