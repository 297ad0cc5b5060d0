import {readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import test, {type ExecutionContext} from 'ava'
import {execa} from 'execa'
import {parse} from 'yaml'
import {components} from '../../generator/components/index.ts'
import {readImageLock, runsOn} from '../../generator/model/image-lock.ts'
import {run} from '../../generator/verify/run.ts'
import {requireTool, tools} from '../../generator/verify/tools.ts'
import {eventually} from '../e2e/harness/eventually.ts'
import {freePort} from '../e2e/harness/ports.ts'
import {root} from '../support/paths.ts'
import {cli} from '../support/programs.ts'
import {temporaryFolder} from '../support/temporary.ts'
import {repositoryWith, verifyIn} from './support/repository.ts'

test('the lock knows every image that components name, for the architectures that they say', (t) => {
  const lock = readImageLock(root)
  const images = components.flatMap(({images}) => Object.values(images))
  t.true(images.length > 15)
  for (const {reference, architectures} of images) {
    const locked = lock.get(reference)
    t.truthy(locked, reference)
    for (const architecture of architectures)
      t.true(locked && runsOn(locked, architecture), `${reference} ${architecture}`)
  }
})

test('a 32-bit system runs images for its variant and for older ones, and none for 64 bits', (t) => {
  const on = (...platforms: string[]) => runsOn({platforms}, 'arm')
  t.true(on('linux/amd64', 'linux/arm/v7'))
  t.true(on('linux/arm/v6'))
  t.true(on('linux/arm'))
  t.false(on('linux/arm64', 'linux/amd64'))
  t.false(on('linux/arm/v8'))
  t.false(on('windows/arm/v7'))
})

test('npm run images lists all images of an environment, and where copies of them belong', async (t) => {
  const {stdout, exitCode} = await cli('images', '--environment', 'campus', '--json', '--root', root)
  t.is(exitCode, 0)
  const images = JSON.parse(stdout) as {source: string; target: string; platforms: string[]}[]
  const targets = images.map(({target}) => target)
  for (const name of [
    'elasticsearch/elasticsearch',
    'kibana/kibana',
    'jetstack/cert-manager-acmesolver',
    'netdata/netdata',
    'metallb/speaker',
  ]) {
    t.true(
      targets.some((target) => target.startsWith(`registry.campus.example.com/mirror/${name}:`)),
      name,
    )
  }
  t.true(images.every(({source, platforms}) => !source.includes('campus') && platforms.length > 0))
})

test.serial(
  '--refresh notes what a real registry says: digests, platforms of an index and of a single image',
  async (t) => {
    const {registry, crane} = await startRegistry(t)
    await push(t, crane, `${registry}/demo/client:1`, ['linux/amd64', 'linux/arm64', 'linux/arm/v7'])
    await push(t, crane, `${registry}/demo/publisher:1`, ['linux/arm64'])
    const repository = repositoryOf(t, registry)
    const first = await cli('images', '--refresh', '--root', repository)
    const lock = readImageLock(repository)
    t.deepEqual(lock.get(`${registry}/demo/client:1`)?.platforms, ['linux/amd64', 'linux/arm/v7', 'linux/arm64'])
    t.deepEqual(lock.get(`${registry}/demo/publisher:1`)?.platforms, ['linux/arm64'])
    const {stdout: digest} = await run(crane, ['digest', `${registry}/demo/client:1`])
    t.is(lock.get(`${registry}/demo/client:1`)?.digest, digest.trim())
    t.is(first.exitCode, 1, 'an image that is nowhere is named')
    t.regex(first.stderr, new RegExp(`Cannot learn about ${registry}/demo/formatter:1`))

    const before = readFileSync(join(repository, 'images.lock.yaml'), 'utf8')
    await cli('images', '--refresh', '--root', repository)
    t.is(readFileSync(join(repository, 'images.lock.yaml'), 'utf8'), before, 'nothing new, nothing written')

    await cli('render', '--root', repository)
    const values = (path: string) => readFileSync(join(repository, 'environments/site/rendered', path), 'utf8')
    const pinned = `1@${digest.trim()}`
    t.true(values('hall/edge-demo.values.yaml').includes(`${registry}/demo/client:${pinned}`), 'own charts')
    t.regex(values('cloud/cloud-platform.values.yaml'), new RegExp(`tag: "?${pinned}`), 'published charts')
    const {issues} = await verifyIn(repository, {gate: ['architecture', 'disconnected']})
    t.deepEqual(
      issues.map(({message}) => message),
      [`DaemonSet demo/formatter runs ${registry}/demo/formatter:1, which images.lock.yaml does not know`],
      'what runs is what the lock knows, but for the one image that is nowhere',
    )

    await push(t, crane, `${registry}/demo/client:1`, ['linux/amd64', 'linux/arm64'])
    const moved = await cli('images', '--refresh', '--root', repository)
    t.regex(moved.stdout, new RegExp(`Another image than before has this tag: ${registry}/demo/client:1`))
  },
)

test('a lock that is no lock is named with what is wrong in it, and how to get it back', async (t) => {
  const repository = repositoryWith(t)
  writeFileSync(join(repository, 'images.lock.yaml'), 'images: {docker.io/a/b:1: {platforms: [linux-amd64]}}\n')
  const {exitCode, stderr} = await cli('verify', '--root', repository)
  t.is(exitCode, 1)
  t.regex(
    stderr,
    /^images\.lock\.yaml {2}error\n {2}Cannot read the lock of images: images\.docker\.io\/a\/b:1\.platforms\.0: /,
  )
  t.regex(stderr, /Fix: git checkout -- images\.lock\.yaml/)
})

/** A repository in which every image that registries outside would be asked for is one of this registry. */
function repositoryOf(t: ExecutionContext, registry: string): string {
  const names = components.flatMap(({name, images}) => Object.keys(images).map((image) => `${name}.${image}`))
  const part = (name: string) => ['client', 'formatter', 'publisher'].find((each) => name.startsWith(each)) ?? 'client'
  const overrides = Object.fromEntries(names.map((name) => [name, `${registry}/demo/${part(name)}:1`]))
  const edit = {
    file: 'environments/site/environment.yaml',
    find: 'name: site',
    replace: `name: site\nimages: {overrides: ${JSON.stringify(overrides)}}`,
  }
  return repositoryWith(t, [edit])
}

/** The registry of crane itself, in memory, on loopback. */
async function startRegistry(t: ExecutionContext): Promise<{registry: string; crane: string}> {
  const crane = await requireTool(root, tools.crane)
  const port = await freePort()
  const registry = `127.0.0.1:${port}`
  const server = execa(crane, ['registry', 'serve', '--address', registry], {reject: false})
  t.teardown(async () => {
    server.kill('SIGTERM')
    await server
  })
  await eventually(
    'the registry answers',
    async () => (await fetch(`http://${registry}/v2/`).catch(() => undefined))?.ok ?? false,
  )
  return {registry, crane}
}

/** An image without content for each platform; more than one make an index. */
async function push(
  t: ExecutionContext,
  crane: string,
  reference: string,
  platforms: readonly string[],
): Promise<void> {
  const folder = temporaryFolder(t, {'empty.tar': Buffer.alloc(10240)})
  const layer = join(folder, 'empty.tar')
  const images: string[] = []
  for (const platform of platforms) {
    const image = platforms.length === 1 ? reference : `${reference}-${platform.replaceAll('/', '-')}`
    await expectSuccess(crane, ['append', '--new_layer', layer, '--new_tag', image])
    await expectSuccess(crane, ['mutate', image, '--set-platform', platform, '--tag', image])
    images.push(image)
  }
  if (platforms.length === 1) return
  await expectSuccess(crane, [
    'index',
    'append',
    '--tag',
    reference,
    ...images.flatMap((image) => ['--manifest', image]),
  ])
}

async function expectSuccess(crane: string, args: readonly string[]): Promise<void> {
  const {exitCode, stderr} = await run(crane, args)
  if (exitCode !== 0) throw new Error(`crane ${args.join(' ')}: ${stderr}`)
}

test('what is committed as the lock is what its own printer writes', (t) => {
  const text = readFileSync(join(root, 'images.lock.yaml'), 'utf8')
  t.regex(text, /^# What registries say of images/)
  t.deepEqual(Object.keys(parse(text)), ['images'])
})
