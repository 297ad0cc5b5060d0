import {z} from 'zod'
import {bytes, described, dnsLabel} from './fields.ts'

/** The gates of `npm run verify`, in the order in which they are shown. Each is a file in `generator/gates/`. */
export const gateNames = [
  'contract',
  'architecture',
  'disconnected',
  'resources',
  'outage',
  'order',
  'references',
  'secrets',
  'values',
  'schemas',
  'substitution',
  'determinism',
  'air-gap',
] as const
export type GateName = (typeof gateNames)[number]

const amount = (what: string, initial: number, unit: string) =>
  described(
    z
      .number({error: `expected a number of ${unit}`})
      .nonnegative()
      .max(1e9)
      .default(initial),
    what,
    initial,
  )

/**
 * What gates count with beside what is rendered. Measured with this project's own configuration where a run is named;
 * each can be replaced by what an operator has measured. docs/gates/outage.md and docs/gates/resources.md say how.
 */
const figures = z
  .strictObject({
    systemMemory: described(
      bytes.default('200Mi'),
      'Memory of the operating system of an edge node, without k3s: Raspberry Pi OS Lite at rest',
    ),
    k3sServerMemory: described(
      bytes.default('1215M'),
      'Memory of a k3s server with one agent on a Raspberry Pi 4 (docs.k3s.io/reference/resource-profiling)',
    ),
    k3sAgentMemory: described(
      bytes.default('268M'),
      'Memory of a k3s agent on a Raspberry Pi 4 (docs.k3s.io/reference/resource-profiling)',
    ),
    fluxMemory: described(
      bytes.default('450Mi'),
      'Memory of the controllers of Flux in an edge cluster: what npm run test:e2e prints',
    ),
    argoMemory: described(
      bytes.default('600Mi'),
      'Memory of Argo CD, with two controllers of Flux, in an edge cluster: what npm run test:e2e prints',
    ),
    memoryOvercommit: described(
      z.number({error: 'expected a number from 1 on'}).min(1).max(10).default(1.5),
      'How often the memory of an edge node may be promised by limits: not all pods need theirs at once',
      1,
    ),
    systemDisk: described(
      bytes.default('5Gi'),
      'Disk of the operating system, k3s, its images and the log files of containers',
    ),
    logLineBytesOnDisk: amount('A log line with its Kubernetes metadata in the buffer', 800, 'bytes'),
    logLineBytesOnWire: amount('The same, compressed, on its way to Elasticsearch', 120, 'bytes'),
    logChunkBytes: amount(
      'Smallest piece of the buffer of logs: a page, for each container that logged between two deliveries',
      4096,
      'bytes',
    ),
    logSources: amount('Containers of a node that log', 8, 'containers'),
    sampleBytesOnDisk: amount("A sample in Netdata's database", 0.6, 'bytes'),
    sampleBytesOnWire: amount('A sample in the stream to the Netdata parent', 10, 'bytes'),
    pointBytesInQueue: amount('A point for the long-term store in the queue, as the queue counts', 150, 'bytes'),
    pointBytesOnDisk: amount('The same in the file of the queue', 160, 'bytes'),
    pointBytesOnWire: amount('The same, compressed, on its way to the gateway', 14, 'bytes'),
    spanBytesInQueue: amount('A span in the queue, as the queue counts', 300, 'bytes'),
    spanBytesOnDisk: amount('The same in the file of the queue', 700, 'bytes'),
    spanBytesOnWire: amount('The same, compressed, on its way to the gateway', 100, 'bytes'),
    pollBytes: amount('One look at the Git repository that finds nothing new', 6000, 'bytes'),
  })
  .prefault({})
export type Figures = z.output<typeof figures>

const waiver = z.strictObject({
  gate: described(
    z.enum(gateNames, {error: `expected one of ${gateNames.join(', ')}`}),
    'The gate whose errors become warnings',
    'resources',
  ),
  cluster: described(dnsLabel.optional(), 'Only for this cluster; default: all of the environment', 'workshop'),
  reason: described(
    z
      .string({error: 'expected a sentence'})
      .regex(/^\S.{18,299}$/, {error: 'expected a sentence of 20 to 300 characters on one line'}),
    'Why it may be so, for whoever reads the next run',
    'workshop-1 runs nothing else, and is replaced by a larger board in May',
  ),
})

/** What an environment says to `npm run verify`. */
export const verification = z
  .strictObject({
    waivers: described(
      z.array(waiver, {error: 'expected a list of waivers'}).default([]),
      'Gates that this environment may fail, each with a reason that every run shows',
      [{gate: 'resources', reason: 'workshop-1 runs nothing else, and is replaced by a larger board in May'}],
    ),
    unpinnedImages: described(
      z.enum(['warning', 'error'], {error: 'expected warning or error'}).default('warning'),
      'What an image without a digest in images.lock.yaml is',
      'error',
    ),
    figures: described(figures, 'What gates count with, where an operator has measured something else', {
      logLineBytesOnDisk: 600,
    }),
  })
  .prefault({})
