import {appendFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import {generateX25519Identity, identityToRecipient} from 'age-encryption'
import {run} from '../generator/verify/run.ts'
import {requireTool, tools} from '../generator/verify/tools.ts'
import {printYaml} from '../generator/yaml/print.ts'

// Times renders in cold processes: the committed environments, and generated fleets. Prints medians of several runs.
// These are figures of one machine; compare only what was run side by side.

const root = resolve(import.meta.dirname, '..')
const runs = 5

interface Figures {
  wall: number
  load: number
  peak: number
  render: number
  write: number
  files: number
  objects: number
  hydrate: number
}

async function main(): Promise<void> {
  const temporary = mkdtempSync(join(tmpdir(), 'bench-'))
  try {
    const committed = join(temporary, 'committed')
    for (const name of ['lab', 'factory', 'campus', 'example']) {
      const path = join('environments', name, 'environment.yaml')
      cpSync(join(root, path), join(committed, path))
    }
    print(['case', 'wall s', 'load s', 'render s', 'write s', 'peak MB', 'files', 'objects', 'objects/s in memory'])
    await measure('4 environments', committed)
    for (const clusters of [1000, 10_000]) await measure(`${clusters} edge clusters`, fleet(temporary, clusters))
    print(['verify, all gates', 'wall s', 'gates s', 'peak MB', 'clusters', 'objects', 'objects/s'])
    await measureVerify('4 environments', committed)
    for (const clusters of [1000, 10_000]) {
      await measureVerify(`${clusters} edge clusters`, join(temporary, `fleet-${clusters}`))
    }
    print(['secrets', 'wall s'])
    await measureSecrets(temporary, 1000)
  } finally {
    rmSync(temporary, {recursive: true, force: true})
  }
}

async function measure(name: string, folder: string): Promise<void> {
  const first = await sample(folder, 'render')
  const again: Figures[] = []
  for (let count = 0; count < runs; count += 1) again.push(await sample(folder, 'render'))
  const hydrated = await sample(folder, 'hydrate')
  row(`${name}, all files new`, first, hydrated)
  row(`${name}, nothing changed`, medianOf(again), hydrated)
}

async function sample(folder: string, mode: 'render' | 'hydrate'): Promise<Figures> {
  return child<Figures>(folder, mode)
}

async function child<Measured>(folder: string, mode: string): Promise<Measured> {
  const began = performance.now()
  const program = join(import.meta.dirname, 'bench-child.ts')
  const {stdout, stderr, exitCode} = await run(process.execPath, [program, folder, mode])
  if (exitCode !== 0) throw new Error(stderr)
  return {...JSON.parse(stdout), wall: performance.now() - began}
}

interface Verification {
  wall: number
  verify: number
  peak: number
  clusters: number
  objects: number
}

/** With the programs and the data of published charts of this repository, in a cold process. */
async function measureVerify(name: string, folder: string): Promise<void> {
  for (const shared of ['.tools', '.cache', 'images.lock.yaml']) {
    if (!existsSync(join(folder, shared))) symlinkSync(join(root, shared), join(folder, shared))
  }
  const {wall, verify, peak, clusters, objects} = await child<Verification>(folder, 'verify')
  const seconds = [wall, verify].map((time) => (time / 1000).toFixed(2))
  print([name, ...seconds, peak.toFixed(0), clusters, objects, Math.round(objects / (verify / 1000))])
}

function medianOf(figures: readonly Figures[]): Figures {
  const keys = Object.keys(figures[0] ?? {}) as (keyof Figures)[]
  const entries = keys.map((key) => [key, figures.map((each) => each[key]).sort((a, b) => a - b)[runs >> 1]])
  return Object.fromEntries(entries) as Figures
}

function row(name: string, {wall, load, render, write, peak, files}: Figures, {objects, hydrate}: Figures): void {
  const seconds = [wall, load, render, write].map((time) => (time / 1000).toFixed(2))
  print([name, ...seconds, peak.toFixed(0), files, objects, Math.round(objects / (hydrate / 1000))])
}

function print(cells: readonly (string | number)[]): void {
  process.stdout.write(`${cells.map((cell, index) => String(cell).padEnd(index === 0 ? 36 : 10)).join('')}\n`)
}

/** npm run secrets with the real sops, each in a cold process: its first run, one without work, and one rotation. */
async function measureSecrets(temporary: string, clusters: number): Promise<void> {
  const folder = fleet(join(temporary, 'secrets'), clusters)
  const identity = await generateX25519Identity()
  const operators = [{name: 'operator-1', recipient: await identityToRecipient(identity)}]
  appendFileSync(join(folder, 'environments/fleet/environment.yaml'), printYaml({secrets: {operators}}))
  const sops = await requireTool(root, tools.sops)
  const bin = join(temporary, 'bin')
  mkdirSync(bin)
  if (sops !== 'sops') symlinkSync(sops, join(bin, 'sops'))
  const env = {SOPS_AGE_KEY: identity, PATH: `${bin}:${process.env.PATH}`}
  for (const [name, args] of Object.entries({new: [], unchanged: [], 'one rotated': ['--rotate', 'site-5']})) {
    const began = performance.now()
    const command = [join(root, 'generator/cli.ts'), 'secrets', 'fleet', ...args, '--root', folder]
    const {stderr, exitCode} = await run(process.execPath, command, {env})
    if (exitCode !== 0) throw new Error(stderr)
    print([`${clusters} edge clusters, ${name}`, ((performance.now() - began) / 1000).toFixed(2)])
  }
}

/** A repository with one environment of many edge clusters, each with settings of its own. */
function fleet(temporary: string, count: number): string {
  const folder = join(temporary, `fleet-${count}`)
  const clusters = Array.from({length: count}, (_, index) => ({
    name: `site-${index}`,
    server: `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`,
    nodes: [{name: `site-${index}-pi`, model: 'raspberry-pi-4'}],
    ...(index % 10 === 0 ? {settings: {'netdata-child': {updateEvery: 5}}} : {}),
  }))
  const environment = {
    name: 'fleet',
    git: {url: 'https://git.example.com/ops/edge.git'},
    cloud: {
      publicAddress: '203.0.113.20',
      loadBalancer: {mode: 'metallb', addresses: ['203.0.113.20-203.0.113.30']},
      nodes: [{name: 'cloud-1', address: '203.0.113.2', model: 'x86'}],
    },
    edge: {clusters},
  }
  mkdirSync(join(folder, 'environments/fleet'), {recursive: true})
  writeFileSync(join(folder, 'environments/fleet/environment.yaml'), printYaml(environment))
  return folder
}

await main()
