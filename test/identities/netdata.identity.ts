import {randomUUID} from 'node:crypto'
import test, {type ExecutionContext} from 'ava'
import {newAuthority} from '../../generator/secrets/certificate.ts'
import {eventually} from '../e2e/harness/eventually.ts'
import {freePort} from '../e2e/harness/ports.ts'
import {signedBy} from '../support/certificate.ts'
import {secretValue} from '../support/secrets.ts'
import {type Netdata, startNetdata} from './harness/netdata.ts'
import {type System, startSystem} from './harness/system.ts'

// The real Netdata, 1.37 of Debian in the place of 2.11, as parent and as child, with the configuration that the
// rendered start scripts make of rendered files and of Secrets. Stand-in: signedBy for cert-manager.

const host = 'netdata-192-168-1-240.nip.io'

interface Parent extends Netdata {
  stream: number
  /** Names of the hosts that stream to it. */
  hosts: () => Promise<string[]>
}

async function startParent(t: ExecutionContext, {repository, objects, folder}: System): Promise<Parent> {
  const cloud = await repository.bundle('cloud')
  const [page, stream] = [await freePort(), await freePort()]
  const authority = (key: string) => secretValue(cloud, 'cloud-operators/environment-ca', key)
  const server = await signedBy(authority('tls.crt'), authority('tls.key'), host)
  const keys = Object.entries(cloud.get('observability/netdata-stream-keys')?.values ?? {})
  const info = async () => (await fetch(`http://127.0.0.1:${page}/api/v1/info`).catch(() => undefined)) ?? undefined
  const parent = await startNetdata({
    name: 'parent',
    folder,
    objects: objects('cloud', 'netdata-parent'),
    mounts: {
      '/server/tls.crt': server.certificate,
      '/server/tls.key': server.privateKey,
      ...Object.fromEntries(keys.map(([name, key]) => [`/keys/${name}`, key])),
    },
    here: {'*:19998': `127.0.0.1:${page}`, '*:19999': `127.0.0.1:${stream}`},
    ready: async () => (await info())?.ok ?? false,
  })
  t.teardown(() => parent.running.stop())
  const hosts = async () => ((await (await info())?.json()) as {mirrored_hosts?: string[]})?.mirrored_hosts ?? []
  return {...parent, stream, hosts}
}

async function startChild(
  t: ExecutionContext,
  {objects, folder}: System,
  parent: Parent,
  child: {name: string; key: string; authority: string},
): Promise<Netdata> {
  const netdata = await startNetdata({
    name: child.name,
    folder,
    objects: objects('line-1', 'netdata-child'),
    mounts: {'/identity/api-key': child.key, '/authority/ca.crt': child.authority},
    here: {[`${host}:19999`]: `127.0.0.1:${parent.stream}`, 'reconnect delay = 15s': 'reconnect delay = 2'},
    env: {NODE_NAME: child.name},
    ready: async () => true,
  })
  t.teardown(() => netdata.running.stop())
  return netdata
}

test('the parent takes the stream of a child with a listed key over TLS, and of no other', async (t) => {
  const system = await startSystem(t, 'netdata')
  const line1 = await system.repository.bundle('line-1')
  const key = secretValue(line1, 'observability/netdata-stream', 'api-key')
  const authority = secretValue(line1, 'observability/cloud-authority', 'ca.crt')
  const parent = await startParent(t, system)
  const {certificate} = await newAuthority('somebody else', new Date())
  const child = (name: string, changes: {key?: string; authority?: string} = {}) =>
    startChild(t, system, parent, {name, key, authority, ...changes})
  const stranger = await child('stranger', {key: randomUUID()})
  const withDefault = await child('default-key', {key: '11111111-2222-3333-4444-555555555555'})
  const careful = await child('careful', {authority: certificate})
  await child('line-1-server')
  await eventually('the listed child is there', async () => (await parent.hosts()).includes('line-1-server'))
  await eventually('the others are told why they are not', async () => {
    const areDenied = [stranger, withDefault].every(({log}) => /remote server denied access/.test(log()))
    return areDenied && /invalid SSL certificate/.test(careful.log())
  })
  t.deepEqual(
    (await parent.hosts()).filter((name) => ['stranger', 'default-key', 'careful'].includes(name)),
    [],
  )
})
