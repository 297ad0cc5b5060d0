import {once} from 'node:events'
import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {connect, createServer, type TLSSocket} from 'node:tls'
import test from 'ava'
import type {Bundle} from '../../generator/secrets/bundle.ts'
import {certificatesIn, newAuthority, subjectOf} from '../../generator/secrets/certificate.ts'
import {readCertificates, readLines} from '../../generator/secrets/registry.ts'
import {signedBy} from '../support/certificate.ts'
import {changedPaths, secretsRepository, secretValue} from '../support/secrets.ts'

const cloudFile = 'clusters/factory/cloud/secrets.sops.yaml'

/** Secrets of which a value differs. */
function changedSecrets(before: Bundle, after: Bundle): string[] {
  return [...after]
    .filter(([id, secret]) => JSON.stringify(secret) !== JSON.stringify(before.get(id)))
    .map(([id]) => id)
    .sort()
}

test('rotating an edge cluster changes its file and that of the cloud, and nothing else', async (t) => {
  const repository = await secretsRepository(t)
  await repository.made()
  const [tree, cloud, line1, line2] = [
    repository.tree(),
    await repository.bundle('cloud'),
    await repository.bundle('line-1'),
    await repository.bundle('line-2'),
  ]
  await repository.made(['--rotate', 'line-1'])
  t.deepEqual(changedPaths(tree, repository.tree()), [
    cloudFile,
    'clusters/factory/line-1/secrets.sops.yaml',
    // Its pods restart with the new credentials.
    'environments/factory/rendered/line-1/edge-observability.values.yaml',
  ])
  t.deepEqual(changedSecrets(line1, await repository.bundle('line-1')), [
    'observability/elastic-credentials',
    'observability/netdata-stream',
    'observability/otel-identity',
  ])
  t.deepEqual(await repository.bundle('line-2'), line2)
  const after = await repository.bundle('cloud')
  t.deepEqual(changedSecrets(cloud, after), [
    'observability/elasticsearch-users',
    'observability/netdata-stream-keys',
    'observability/otel-gateway-clients',
  ])
  const hashes = (bundle: Bundle) => readLines(secretValue(bundle, 'observability/elasticsearch-users', 'users'))
  t.is(hashes(after).get('edge-line-2'), hashes(cloud).get('edge-line-2'))
  t.not(hashes(after).get('edge-line-1'), hashes(cloud).get('edge-line-1'))
  const listed = readCertificates(secretValue(after, 'observability/otel-gateway-clients', 'ca.crt'))
  t.false(
    [...listed.values()].includes(secretValue(line1, 'observability/otel-identity', 'tls.crt')),
    'the old one is out',
  )
})

test('rotating a Secret of the cloud changes that Secret and what follows from it', async (t) => {
  const repository = await secretsRepository(t)
  await repository.made()
  const [tree, before] = [repository.tree(), await repository.bundle('cloud')]
  await repository.made(['--rotate', 'grafana-elasticsearch'])
  t.deepEqual(changedPaths(tree, repository.tree()), [
    cloudFile,
    'environments/factory/rendered/cloud/cloud-observability.values.yaml',
  ])
  t.deepEqual(changedSecrets(before, await repository.bundle('cloud')), [
    'observability/elasticsearch-users',
    'observability/grafana-elasticsearch',
  ])
})

test('an account of InfluxDB gets another name, and the one before is remembered', async (t) => {
  const repository = await secretsRepository(t)
  await repository.made()
  const before = await repository.bundle('cloud')
  await repository.made(['--rotate', 'influxdb-credentials'])
  const after = await repository.bundle('cloud')
  const value = (bundle: Bundle, key: string) => secretValue(bundle, 'observability/influxdb-credentials', key)
  for (const key of ['writer-user', 'reader-user', 'admin-password']) {
    t.is(value(after, `previous-${key}`), value(before, key))
    t.not(value(after, key), value(before, key))
  }
})

test('rotating an operator changes the login of that operator, and what a person has to do is said', async (t) => {
  const repository = await secretsRepository(t)
  await repository.made()
  const tree = repository.tree()
  const {stdout} = await repository.made(['--rotate', 'bob', '--rotate', 'grafana-admin'])
  t.deepEqual(changedPaths(tree, repository.tree()), [
    cloudFile,
    'environments/factory/operators/bob.sops.yaml',
    'environments/factory/rendered/cloud/cloud-observability.values.yaml',
  ])
  t.regex(stdout, /After the merge: grafana-admin: Grafana takes it at its first start only/)
})

test('rotating all makes everything anew', async (t) => {
  const repository = await secretsRepository(t)
  await repository.made()
  const clusters = ['cloud', 'line-1', 'line-2']
  const before = await Promise.all(clusters.map((cluster) => repository.bundle(cluster)))
  await repository.made(['--rotate', 'all'])
  for (const [index, cluster] of clusters.entries()) {
    const after = await repository.bundle(cluster)
    t.deepEqual(changedSecrets(before[index] ?? new Map(), after), [...after.keys()].sort(), cluster)
  }
})

test('what is unknown, or means several things, is refused with what could be meant', async (t) => {
  const repository = await secretsRepository(t, {
    prepare: (file) => file.setIn(['edge', 'clusters', 0, 'name'], 'bob'),
  })
  await repository.made()
  const tree = repository.tree()
  const unknown = await repository.secrets(['--rotate', 'line-7'])
  t.is(unknown.exitCode, 1)
  t.regex(
    unknown.stderr,
    /Cannot rotate line-7: there is nothing of that name\n {2}Fix: write all, or one of authority, .*grafana-admin/,
  )
  const ambiguous = await repository.secrets(['--rotate', 'bob'])
  t.regex(ambiguous.stderr, /several meanings\n {2}Fix: write one of operator\/bob, cluster\/bob/)
  t.deepEqual(repository.tree(), tree)
  await repository.made(['--rotate', 'operator/bob'])
})

test('after a rotation of the authority, edges that know only the older one trust what the newer one signs', async (t) => {
  const repository = await secretsRepository(t)
  await repository.made()
  const before = await repository.bundle('line-1')
  const older = secretValue(before, 'observability/cloud-authority', 'ca.crt')
  const rotated = await repository.made(['--rotate', 'authority'])
  t.regex(rotated.stdout, /The authority before is trusted until you run, on 20\d\d-\d\d-\d\d or later: .*--retire/)
  const cloud = await repository.bundle('cloud')
  const chain = secretValue(cloud, 'cloud-operators/environment-ca', 'tls.crt')
  const key = secretValue(cloud, 'cloud-operators/environment-ca', 'tls.key')
  const trusted = secretValue(await repository.bundle('line-2'), 'observability/cloud-authority', 'ca.crt')
  t.is(certificatesIn(trusted).length, 2)
  t.is(readFileSync(join(repository.folder, 'environments/factory/authority.crt'), 'utf8'), trusted)
  const server = await serverSignedBy(chain, key)
  t.teardown(() => server.close())
  for (const [who, ca] of Object.entries({
    'an edge that was offline': older,
    'an edge that has both': trusted,
    'an edge that has the newer one': certificatesIn(trusted)[0] ?? '',
  })) {
    t.is(await server.answerTo(ca), 'trusted', who)
  }
  t.not(await server.answerTo(await strangeAuthority()), 'trusted')
})

test('the older authority stays until no edge and no certificate can need it, or a person insists', async (t) => {
  const repository = await secretsRepository(t)
  await repository.made()
  await repository.made(['--rotate', 'authority'])
  const tree = repository.tree()
  const early = await repository.secrets(['--retire'])
  t.is(early.exitCode, 1)
  t.regex(
    early.stderr,
    /Cannot retire the older authority before 20\d\d-\d\d-\d\d: an edge that is offline may know only that one/,
  )
  const again = await repository.secrets(['--rotate', 'authority'])
  t.regex(again.stderr, /Cannot rotate the authority: the one before is still trusted/)
  t.deepEqual(repository.tree(), tree)
  await repository.made(['--retire', '--now'])
  t.is(
    certificatesIn(secretValue(await repository.bundle('line-1'), 'observability/cloud-authority', 'ca.crt')).length,
    1,
  )
})

test('an operator who leaves can read nothing any more, and what to rotate is said', async (t) => {
  const repository = await secretsRepository(t)
  await repository.made()
  repository.edit((file) => file.deleteIn(['secrets', 'operators', 1]))
  const {stdout} = await repository.made()
  t.true(stdout.includes(`No longer readable for bob (${repository.recipient('bob')}).`))
  t.regex(
    stdout,
    /npm run secrets -- factory --rotate authority --rotate elasticsearch-retention .*--rotate line-1 --rotate line-2/,
  )
  for (const cluster of ['cloud', 'line-1', 'line-2']) {
    const path = `clusters/factory/${cluster}/secrets.sops.yaml`
    t.is(await repository.decrypt(path, repository.keyFile('bob')), undefined)
    t.truthy(await repository.decrypt(path, repository.clusterKey(cluster)))
  }
  const cloud = await repository.bundle('cloud')
  t.deepEqual([...readLines(secretValue(cloud, 'observability/operator-login', 'users')).keys()], ['alice'])
  t.notRegex(secretValue(cloud, 'observability/elasticsearch-users', 'users'), /^bob:/m)
  t.is(repository.tree()['environments/factory/operators/bob.sops.yaml'], undefined)
})

test('a new key of a cluster takes the place of the lost one', async (t) => {
  const repository = await secretsRepository(t)
  await repository.made()
  const lost = readFileSync(repository.clusterKey('line-1'), 'utf8')
  const tree = repository.tree()
  const {stdout} = await repository.made(['--new-key', 'line-1'])
  t.regex(stdout, /New private keys.*\n {2}\.secrets\/factory\/line-1\.agekey/)
  t.regex(stdout, /--rotate line-1/)
  t.not(readFileSync(repository.clusterKey('line-1'), 'utf8'), lost)
  t.deepEqual(changedPaths(tree, repository.tree()), [
    '.sops.yaml',
    'clusters/factory/line-1/age.pub',
    'clusters/factory/line-1/secrets.sops.yaml',
  ])
  t.truthy(await repository.decrypt('clusters/factory/line-1/secrets.sops.yaml', repository.clusterKey('line-1')))
})

/** A TLS server whose certificate the authority has signed, as cert-manager would: with the chain behind it. */
async function serverSignedBy(chain: string, authorityKey: string) {
  const {certificate, privateKey} = await signedBy(chain, authorityKey, 'localhost')
  const server = createServer({cert: certificate, key: privateKey}, (socket) => socket.end())
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const {port} = server.address() as {port: number}
  return {
    close: () => server.close(),
    answerTo: async (ca: string) => {
      const socket: TLSSocket = connect({port, host: '127.0.0.1', servername: 'localhost', ca})
      const answer = await once(socket, 'secureConnect').then(
        () => 'trusted',
        (error: Error) => error.message,
      )
      socket.destroy()
      return answer
    },
  }
}

async function strangeAuthority(): Promise<string> {
  return (await newAuthority('somebody else', new Date())).certificate
}

test('while an older authority is trusted, all but the authority can be rotated, and both steps can be asked for at once', async (t) => {
  const repository = await secretsRepository(t)
  await repository.made()
  await repository.made(['--rotate', 'authority'])
  const before = await repository.bundle('cloud')
  const {stderr} = await repository.made(['--rotate', 'all'])
  t.regex(stderr, /authority\.crt {2}warning\n {2}Cannot rotate the authority: the one before is still trusted/)
  const after = await repository.bundle('cloud')
  t.false(changedSecrets(before, after).includes('cloud-operators/environment-ca'))
  t.true(changedSecrets(before, after).includes('observability/grafana-admin'))
  repository.edit((file) => file.deleteIn(['secrets', 'operators', 1]))
  const {stdout} = await repository.made()
  t.regex(stdout, /npm run secrets -- factory --rotate elasticsearch-retention/)
  t.regex(stdout, /\n {2}npm run secrets -- factory --retire --now --rotate authority/)
  await repository.made(['--retire', '--now', '--rotate', 'authority'])
  const key = (bundle: Bundle) => secretValue(bundle, 'cloud-operators/environment-ca', 'tls.key')
  t.not(key(await repository.bundle('cloud')), key(after))
})

test('with nothing older to retire, that is said', async (t) => {
  const repository = await secretsRepository(t)
  await repository.made()
  const {stderr} = await repository.made(['--retire'])
  t.regex(stderr, /There is no older authority to retire/)
})

test('a Secret that is needed no more goes, and one of our own authority is not taken for that of the cluster', async (t) => {
  const repository = await secretsRepository(t)
  await repository.made()
  repository.edit((file) => file.setIn(['cloud', 'certificates'], file.createNode({issuer: 'self-signed'})))
  t.regex(
    (await repository.secrets(['--check'])).stderr,
    /Nothing needs Secret cloud-operators\/environment-ca any more/,
  )
  const {stderr} = await repository.made()
  t.regex(stderr, /Cannot tell the edge clusters whom to trust/)
  t.false((await repository.bundle('cloud')).has('cloud-operators/environment-ca'))
})

test('client certificates do not tell the names of the fleet', async (t) => {
  const repository = await secretsRepository(t)
  await repository.made()
  const certificate = secretValue(await repository.bundle('line-1'), 'observability/otel-identity', 'tls.crt')
  t.is(subjectOf(certificate), 'CN=edge')
})
