import test, {type ExecutionContext} from 'ava'
import type {Bundle} from '../../generator/secrets/bundle.ts'
import {eventually} from '../e2e/harness/eventually.ts'
import type {Login} from '../support/login.ts'
import {operatorPassword, secretValue} from '../support/secrets.ts'
import {type Answer, type Elasticsearch, startElasticsearch} from './harness/elasticsearch.ts'
import {fileOf, type System, startSystem} from './harness/system.ts'

// The real Elasticsearch 8.19 with roles.yml as rendered, and users and users_roles as `npm run secrets` makes them. Not
// covered, because the package leaves it out: index lifecycle management, deletion by query, Kibana; and TLS,
// which ends at the ingress.
// For what it cannot do it is asked whether a user would be allowed to.

const today = '2026.11.24'

async function filesOf({repository, objects}: System) {
  const cloud = await repository.bundle('cloud')
  const value = (key: string) => secretValue(cloud, 'observability/elasticsearch-users', key)
  return {
    users: value('users'),
    users_roles: value('users_roles'),
    'roles.yml': fileOf(objects('cloud', 'elasticsearch'), 'Secret', 'roles.yml'),
  }
}

function loginOf(bundle: Bundle, secret: string): Login {
  return {
    username: secretValue(bundle, `observability/${secret}`, 'username'),
    password: secretValue(bundle, `observability/${secret}`, 'password'),
  }
}

/** As Fluent Bit writes: a bulk request that creates. */
function bulk(index: string, id: string, operation: 'create' | 'index' | 'delete' | 'update' = 'create'): string {
  const action = JSON.stringify({[operation]: {_index: index, _id: id}})
  const document = JSON.stringify(
    operation === 'update' ? {doc: {log: 'x'}} : {'@timestamp': '2026-11-24T12:00:00Z', log: 'x'},
  )
  return operation === 'delete' ? `${action}\n` : `${action}\n${document}\n`
}

/** Status of the one item of a bulk request. */
function itemStatus({status, body}: Answer): number {
  const [item] = (body.items ?? []) as Record<string, {status: number}>[]
  return item ? (Object.values(item)[0]?.status ?? status) : status
}

test.serial(
  'an edge user adds documents to its own indices and can do nothing else; others can do what they are for',
  async (t) => {
    t.timeout(300_000)
    const system = await startSystem(t, 'elasticsearch')
    const {repository} = system
    const elasticsearch = await startElasticsearch(system.folder, await filesOf(system))
    t.teardown(() => elasticsearch.stop())
    const [line1, line2, cloud] = await Promise.all(
      ['line-1', 'line-2', 'cloud'].map((name) => repository.bundle(name)),
    )
    if (!line1 || !line2 || !cloud) throw new Error('there are three clusters')
    const edge = loginOf(line1, 'elastic-credentials')
    await expectWriteOnly(t, elasticsearch, edge)
    await expectNoneOther(t, elasticsearch, edge, loginOf(line2, 'elastic-credentials'))
    await expectPrograms(t, elasticsearch, cloud)
    await expectOperator(t, elasticsearch, await operatorLogin(system, 'alice'))

    await repository.made(['--rotate', 'line-1'])
    const files = await filesOf(system)
    elasticsearch.setFile('users', files.users)
    const renewed = loginOf(await repository.bundle('line-1'), 'elastic-credentials')
    await eventually('the new password is taken', async () => {
      return (
        itemStatus(await elasticsearch.ask(renewed, 'POST', '_bulk', bulk(`logstash-line-1-${today}`, 'new'))) === 201
      )
    })
    t.is(
      (await elasticsearch.ask(edge, 'POST', '_bulk', bulk(`logstash-line-1-${today}`, 'old'))).status,
      401,
      'the old one is not',
    )
  },
)

/** An edge user adds documents to indices of its own, which are made, and can do nothing else to them. */
async function expectWriteOnly(t: ExecutionContext, {ask}: Elasticsearch, edge: Login): Promise<void> {
  const own = `logstash-line-1-${today}`
  const write = async (index: string, id: string, operation?: Parameters<typeof bulk>[2]) =>
    itemStatus(await ask(edge, 'POST', '_bulk', bulk(index, id, operation)))
  t.is(await write(own, 'a'), 201)
  t.is(await write(own, 'a'), 409, 'sent twice: it is there already')
  t.is(await write(`logstash-line-1-2026.11.25`, 'a'), 201, 'the index of the next day')
  t.is(await write(own, 'a', 'index'), 403, 'no overwriting')
  t.is(await write(own, 'a', 'update'), 403, 'no changing')
  t.is(await write(own, 'a', 'delete'), 403, 'no deleting')
  const refused: [string, string, object?][] = [
    ['GET', `${own}/_search`],
    ['GET', `${own}/_doc/a`],
    ['GET', `${own}/_mapping`],
    ['GET', `${own}/_count`],
    ['DELETE', own],
    ['POST', `${own}/_close`],
    ['PUT', `${own}/_settings`, {index: {number_of_replicas: 0}}],
    ['GET', '_cluster/health'],
    ['GET', '_cluster/state'],
    ['GET', '_nodes'],
    ['GET', '_security/user'],
    ['PUT', '_security/role/mine', {cluster: ['all']}],
    ['POST', '_security/api_key', {name: 'mine'}],
    ['PUT', '_index_template/mine', {index_patterns: ['mine-*']}],
  ]
  for (const [method, path, body] of refused)
    t.is((await ask(edge, method, path, body)).status, 403, `${method} ${path}`)
  const all = await ask(edge, 'GET', '_search')
  t.true(all.status === 403 || JSON.stringify(all.body).includes('"value":0'), 'nothing is found')
}

/** Neither indices of other clusters, nor such whose name only begins like its own. */
async function expectNoneOther(t: ExecutionContext, {ask}: Elasticsearch, edge: Login, other: Login): Promise<void> {
  const write = async (login: Login, index: string) => itemStatus(await ask(login, 'POST', '_bulk', bulk(index, 'b')))
  t.is(await write(other, `logstash-line-2-${today}`), 201)
  for (const index of [
    `logstash-line-2-${today}`,
    `logstash-line-1-2-${today}`,
    `logstash-line-${today}`,
    'logstash-line-1-all',
    'logstash-line-1-2026.11.245',
    `jaeger-span-2026-11-24`,
    'mine',
  ]) {
    t.is(await write(edge, index), 403, index)
  }
  t.is((await ask(edge, 'GET', `logstash-line-2-${today}/_search`)).status, 403)
  t.is((await ask({...edge, password: 'wrong'}, 'GET', '')).status, 401)
  t.is((await ask({...other, password: edge.password}, 'GET', '')).status, 401, 'the password of another cluster')
  t.is((await ask({username: 'elastic', password: 'changeme'}, 'GET', '')).status, 401, 'no default password')
}

/** Grafana reads logs, Jaeger has its own indices, the retention job deletes old ones. */
async function expectPrograms(t: ExecutionContext, elasticsearch: Elasticsearch, cloud: Bundle): Promise<void> {
  const {ask} = elasticsearch
  const [grafana, jaeger, retention] = ['grafana-elasticsearch', 'jaeger-elasticsearch', 'elasticsearch-retention'].map(
    (secret) => loginOf(cloud, secret),
  ) as [Login, Login, Login]
  const logs = `logstash-line-1-${today}`
  t.is((await ask(grafana, 'GET', `${logs}/_search`)).status, 200)
  t.is(itemStatus(await ask(grafana, 'POST', '_bulk', bulk(logs, 'c'))), 403)
  t.is((await ask(grafana, 'DELETE', logs)).status, 403)
  t.is(itemStatus(await ask(jaeger, 'POST', '_bulk', bulk('jaeger-span-2026-11-24', 'd', 'index'))), 201)
  t.is((await ask(jaeger, 'GET', 'jaeger-span-2026-11-24/_search')).status, 200)
  t.is((await ask(jaeger, 'GET', `${logs}/_search`)).status, 403)
  t.is((await ask(grafana, 'GET', 'jaeger-span-2026-11-24/_search')).status, 403)
  const cluster = ['manage_ilm', 'manage_index_templates']
  t.true(await isAllowed(elasticsearch, retention, {cluster, index: [{names: [logs], privileges: ['manage']}]}))
  t.false(await isAllowed(elasticsearch, retention, {index: [{names: [logs], privileges: ['read']}]}))
  t.false(await isAllowed(elasticsearch, jaeger, {cluster: ['manage_ilm']}))
}

async function expectOperator(t: ExecutionContext, elasticsearch: Elasticsearch, operator: Login): Promise<void> {
  const logs = `logstash-line-1-${today}`
  t.is((await elasticsearch.ask(operator, 'GET', `${logs}/_search`)).status, 200)
  t.is((await elasticsearch.ask(operator, 'GET', '_cluster/health')).status, 200)
  t.is((await elasticsearch.ask(operator, 'DELETE', logs)).status, 403)
  const kibana = {application: [{application: 'kibana-.kibana', privileges: ['all'], resources: ['*']}]}
  t.true(await isAllowed(elasticsearch, operator, kibana))
}

/** Whether Elasticsearch says that the user would be allowed all of it. */
async function isAllowed({ask}: Elasticsearch, login: Login, privileges: object): Promise<boolean> {
  const {status, body} = await ask(login, 'POST', '_security/user/_has_privileges', privileges)
  if (status !== 200) throw new Error(JSON.stringify(body))
  return body.has_all_requested === true
}

async function operatorLogin({repository}: System, username: string): Promise<Login> {
  return {username, password: (await operatorPassword(repository, username)) ?? ''}
}
