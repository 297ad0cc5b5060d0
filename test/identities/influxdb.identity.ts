import test from 'ava'
import type {Bundle} from '../../generator/secrets/bundle.ts'
import {run} from '../../generator/verify/run.ts'
import {basicAuthorization, type Login} from '../support/login.ts'
import {keepAccounts, startInfluxdb} from './harness/influxdb.ts'
import {fileOf, startSystem} from './harness/system.ts'

// The real InfluxDB with the rendered script of the accounts, and the values that `npm run secrets` makes.

const secret = 'observability/influxdb-credentials'

function login(bundle: Bundle, name: 'admin' | 'writer' | 'reader'): Login {
  const values = bundle.get(secret)?.values ?? {}
  return {username: values[`${name}-user`] ?? '', password: values[`${name}-password`] ?? ''}
}

test('accounts follow the Secret, a rotation cuts nobody off, and there is no default one', async (t) => {
  const {repository, objects, folder} = await startSystem(t, 'influxdb')
  const first = await repository.bundle('cloud')
  const influxdb = await startInfluxdb(folder, login(first, 'admin'))
  t.teardown(() => influxdb.stop())
  const script = fileOf(objects('cloud', 'influxdb'), 'ConfigMap', 'accounts.sh')
  const follow = async () =>
    keepAccounts(script, influxdb.port, (await repository.bundle('cloud')).get(secret)?.values ?? {})
  const errorOf = async (who: Login, statement: string) => (await influxdb.query(who, statement)).error
  const write = async (who: Login) => {
    const url = `http://127.0.0.1:${influxdb.port}/write?db=opentsdb`
    return (
      await fetch(url, {method: 'POST', headers: {authorization: basicAuthorization(who)}, body: 'netdata gauge=1'})
    ).status
  }
  await follow()
  await follow()
  t.is(await write(login(first, 'writer')), 204)
  t.regex((await errorOf(login(first, 'writer'), 'SELECT * FROM netdata')) ?? '', /not authorized/)
  t.is(await write(login(first, 'reader')), 403)
  t.is(await errorOf(login(first, 'reader'), 'SELECT * FROM netdata'), undefined)
  t.regex((await errorOf(login(first, 'reader'), 'DROP MEASUREMENT netdata')) ?? '', /not authorized/)
  for (const password of ['admin', '', 'root']) {
    t.regex((await errorOf({username: 'admin', password}, 'SHOW USERS')) ?? '', /authorization failed|unable to parse/)
  }

  await repository.made(['--rotate', 'influxdb-credentials'])
  const second = await repository.bundle('cloud')
  await follow()
  t.is(await write(login(second, 'writer')), 204)
  t.is(await write(login(first, 'writer')), 204, 'a gateway that has not started again yet')
  t.regex((await errorOf(login(first, 'admin'), 'SHOW USERS')) ?? '', /authorization failed/)
  t.is(await errorOf(login(second, 'admin'), 'SHOW USERS'), undefined)

  for (let count = 0; count < 2; count += 1) await repository.made(['--rotate', 'influxdb-credentials'])
  await follow()
  t.is(await write(login(second, 'writer')), 204, 'two rotations in one deployment lock nobody out')
  t.is(await errorOf(login(await repository.bundle('cloud'), 'admin'), 'SHOW USERS'), undefined)
  for (let count = 0; count < 5; count += 1) await repository.made(['--rotate', 'influxdb-credentials'])
  await follow()
  t.is(await write(login(first, 'writer')), 401, 'what was long ago is gone')
})

test('a gateway begins when its account is there, and not before', async (t) => {
  const {repository, objects, folder} = await startSystem(t, 'influxdb-gateway')
  const cloud = await repository.bundle('cloud')
  const influxdb = await startInfluxdb(folder, login(cloud, 'admin'))
  t.teardown(() => influxdb.stop())
  const deployment = objects('cloud', 'otel-gateway').find(({kind}) => kind === 'Deployment') as unknown as {
    spec: {template: {spec: {initContainers: {command: string[]}[]}}}
  }
  const [script = ''] = deployment.spec.template.spec.initContainers[0]?.command.slice(2) ?? []
  const {username, password} = login(cloud, 'writer')
  // In the place of the wait for the next attempt.
  const once = script.replace('sleep 5', 'exit 3')
  const attempt = async (HOST_AND_PORT: string) => {
    const env = {STORE: HOST_AND_PORT, INFLUX_USERNAME: username, INFLUX_PASSWORD: password, HOME: '/tmp'}
    return (await run('sh', ['-c', once], {env})).exitCode
  }
  t.not(once, script)
  t.is(await attempt('127.0.0.1:1'), 3, 'no InfluxDB')
  t.is(await attempt(`127.0.0.1:${influxdb.port}`), 3, 'no account')
  const values = cloud.get(secret)?.values ?? {}
  await keepAccounts(fileOf(objects('cloud', 'influxdb'), 'ConfigMap', 'accounts.sh'), influxdb.port, values)
  t.is(await attempt(`127.0.0.1:${influxdb.port}`), 0)
})
