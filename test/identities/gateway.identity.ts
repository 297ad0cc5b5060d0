import {once} from 'node:events'
import {createConnection} from 'node:net'
import {connect} from 'node:tls'
import test, {type ExecutionContext} from 'ava'
import type {Bundle} from '../../generator/secrets/bundle.ts'
import {newAuthority, newClientCertificate} from '../../generator/secrets/certificate.ts'
import {eventually} from '../e2e/harness/eventually.ts'
import {freePort} from '../e2e/harness/ports.ts'
import {signedBy} from '../support/certificate.ts'
import {secretValue} from '../support/secrets.ts'
import {type Collector, startCollector} from './harness/collector.ts'
import {type Influxdb, keepAccounts, startInfluxdb} from './harness/influxdb.ts'
import {fileOf, type System, startSystem} from './harness/system.ts'

// Two real OpenTelemetry collectors with the rendered configurations of agent and gateway, and the real InfluxDB behind
// them. Stand-ins: signedBy for cert-manager; addresses and folders are those of the test, and the agent is told the
// name of the server, because nothing resolves it here. Intervals of reading files again are shorter.

const host = 'otlp-192-168-1-240.nip.io'

interface Cloud {
  system: System
  influxdb: Influxdb
  gateway: Collector
  port: number
}

async function startCloud(t: ExecutionContext, name: string): Promise<Cloud> {
  const system = await startSystem(t, name)
  const {repository, objects, folder} = system
  const cloud = await repository.bundle('cloud')
  const influx = (key: string) => secretValue(cloud, 'observability/influxdb-credentials', key)
  const influxdb = await startInfluxdb(folder, {username: influx('admin-user'), password: influx('admin-password')})
  t.teardown(() => influxdb.stop())
  const values = cloud.get('observability/influxdb-credentials')?.values ?? {}
  await keepAccounts(fileOf(objects('cloud', 'influxdb'), 'ConfigMap', 'accounts.sh'), influxdb.port, values)
  const [port, health] = [await freePort(), await freePort()]
  const authority = (key: string) => secretValue(cloud, 'cloud-operators/environment-ca', key)
  const server = await signedBy(authority('tls.crt'), authority('tls.key'), host)
  const gateway = await startCollector({
    name: 'gateway',
    folder,
    configuration: fileOf(objects('cloud', 'otel-gateway'), 'ConfigMap', 'gateway.yaml'),
    mounts: {
      '/server/tls.crt': server.certificate,
      '/server/tls.key': server.privateKey,
      '/clients/ca.crt': secretValue(cloud, 'observability/otel-gateway-clients', 'ca.crt'),
    },
    here: {
      '0.0.0.0:4317': `127.0.0.1:${port}`,
      '0.0.0.0:13133': `127.0.0.1:${health}`,
      'influxdb:8086': `127.0.0.1:${influxdb.port}`,
    },
    health,
    env: {INFLUXDB_USER: influx('writer-user'), INFLUXDB_PASSWORD: influx('writer-password')},
  })
  t.teardown(() => gateway.running.stop())
  return {system, influxdb, gateway, port}
}

interface Agent extends Collector {
  /** Measures something, as Netdata does. */
  measure: (dimension: string) => Promise<void>
}

async function startAgent(
  t: ExecutionContext,
  {system, port}: Cloud,
  name: string,
  identity: Identity,
): Promise<Agent> {
  const [carbon, health, ...others] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ]
  const agent = await startCollector({
    name,
    folder: system.folder,
    configuration: fileOf(system.objects('line-1', 'otel-agent'), 'ConfigMap', 'agent.yaml'),
    mounts: {
      '/identity/tls.crt': identity.certificate,
      '/identity/tls.key': identity.privateKey,
      '/authority/ca.crt': identity.authority,
    },
    here: {
      [`${host}:443`]: `127.0.0.1:${port}`,
      '127.0.0.1:12003': `127.0.0.1:${carbon}`,
      '127.0.0.1:13133': `127.0.0.1:${health}`,
      '0.0.0.0:6831': `127.0.0.1:${others[0]}`,
      '0.0.0.0:4317': `127.0.0.1:${others[1]}`,
      '0.0.0.0:4318': `127.0.0.1:${others[2]}`,
      'reload_interval: "5m"': 'reload_interval: "1s"',
      'initial_interval: "5s"': 'initial_interval: "1s"',
      'max_interval: "5m"': 'max_interval: "2s"',
    },
    health,
    env: {NODE_NAME: 'line-1-server'},
    adapt: ({exporters}) => {
      for (const exporter of Object.values(exporters)) exporter.tls = {...exporter.tls, server_name_override: host}
    },
  })
  t.teardown(() => agent.running.stop())
  return {
    ...agent,
    measure: async (dimension) => {
      const socket = createConnection({port: carbon, host: '127.0.0.1'})
      await once(socket, 'connect')
      const seconds = Math.floor(Date.now() / 1000)
      socket.end(`netdata.line-1-server.system.cpu.${dimension} 1.5 ${seconds}\n`)
      await once(socket, 'close')
    },
  }
}

interface Identity {
  certificate: string
  privateKey: string
  authority: string
}

function identityOf(bundle: Bundle): Identity {
  return {
    certificate: secretValue(bundle, 'observability/otel-identity', 'tls.crt'),
    privateKey: secretValue(bundle, 'observability/otel-identity', 'tls.key'),
    authority: secretValue(bundle, 'observability/cloud-authority', 'ca.crt'),
  }
}

/** Dimensions that have reached InfluxDB. */
async function arrived({system, influxdb}: Cloud): Promise<string[]> {
  const values = (await system.repository.bundle('cloud')).get('observability/influxdb-credentials')?.values ?? {}
  const admin = {username: values['admin-user'] ?? '', password: values['admin-password'] ?? ''}
  const {rows} = await influxdb.query(admin, 'SHOW TAG VALUES FROM netdata WITH KEY = "dimension"')
  return rows.map(([, dimension]) => String(dimension))
}

async function expectArrival(cloud: Cloud, dimension: string): Promise<void> {
  await eventually(`${dimension} is in InfluxDB`, async () => (await arrived(cloud)).includes(dimension))
}

test.serial(
  'the gateway takes data of a listed edge cluster and refuses a certificate that only says its name',
  async (t) => {
    const cloud = await startCloud(t, 'gateway')
    const line1 = identityOf(await cloud.system.repository.bundle('line-1'))
    const honest = await startAgent(t, cloud, 'agent', line1)
    await honest.measure('honest')
    await expectArrival(cloud, 'honest')

    const forged = {...line1, ...(await newClientCertificate(new Date()))}
    const liar = await startAgent(t, cloud, 'liar', forged)
    await liar.measure('forged')
    await eventually('the agent is told that its certificate is bad', async () =>
      /bad certificate|certificate required|unknown certificate|failed to verify/.test(liar.log()),
    )
    t.deepEqual(await arrived(cloud), ['honest'])
    t.notRegex(liar.log(), /Dropping data|not retryable/, 'what is refused waits on disk')
    liar.replace('/identity/tls.crt', line1.certificate)
    liar.replace('/identity/tls.key', line1.privateKey)
    await expectArrival(cloud, 'forged')
    t.pass()
  },
)

test.serial('an agent gives nothing to a gateway whose authority is another', async (t) => {
  const cloud = await startCloud(t, 'gateway-authority')
  const line1 = identityOf(await cloud.system.repository.bundle('line-1'))
  const {certificate: authority} = await newAuthority('somebody else', new Date())
  const careful = await startAgent(t, cloud, 'careful', {...line1, authority})
  await careful.measure('careful')
  await eventually('the agent says that it does not know the authority', async () =>
    /certificate signed by unknown authority/.test(careful.log()),
  )
  t.deepEqual(await arrived(cloud), [])
})

test.serial(
  'after a rotation the old certificate is refused, and nothing is lost until the new one is there',
  async (t) => {
    const cloud = await startCloud(t, 'gateway-rotation')
    const {repository} = cloud.system
    const old = identityOf(await repository.bundle('line-1'))
    await repository.made(['--rotate', 'line-1'])
    const clients = secretValue(await repository.bundle('cloud'), 'observability/otel-gateway-clients', 'ca.crt')
    cloud.gateway.replace('/clients/ca.crt', clients)
    await eventually('the gateway has read the list again', async () => !(await isLetIn(cloud.port, old)))
    t.true(await isLetIn(cloud.port, identityOf(await repository.bundle('line-1'))))
    const agent = await startAgent(t, cloud, 'agent', old)
    await agent.measure('rotated')
    await eventually('the old certificate is refused', async () =>
      /bad certificate|unknown certificate|failed to verify/.test(agent.log()),
    )
    t.deepEqual(await arrived(cloud), [])
    const renewed = identityOf(await repository.bundle('line-1'))
    agent.replace('/identity/tls.crt', renewed.certificate)
    agent.replace('/identity/tls.key', renewed.privateKey)
    await expectArrival(cloud, 'rotated')
    t.pass()
  },
)

/** Whether the gateway begins to speak HTTP/2; in TLS 1.3 it looks at the certificate when the client is already done. */
async function isLetIn(port: number, {certificate, privateKey, authority}: Identity): Promise<boolean> {
  const options = {cert: certificate, key: privateKey, ca: authority, servername: host, ALPNProtocols: ['h2']}
  const socket = connect({port, host: '127.0.0.1', ...options})
  const answer = await Promise.race([
    once(socket, 'data').then(() => true),
    once(socket, 'close').then(() => false),
  ]).catch(() => false)
  socket.destroy()
  return answer
}
