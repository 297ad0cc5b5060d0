import {kilobitsOf, secondsOf} from '../gitops/intervals.ts'
import {formatBytes} from '../model/quantity.ts'
import type {RenderedCluster} from '../tree/tree.ts'
import {pollOf} from './disconnected/sources.ts'
import {agentOf, dataOf, programWith, textWithin} from './facts/agents.ts'
import {type Buffers, buffersOf, type QueueBounds} from './facts/buffers.ts'
import {about, declared, type Finding, type Gate, type Surroundings} from './gate.ts'
import type {Table} from './table.ts'

export default {
  name: 'outage',
  rule: 'The buffers of every edge node outlast the outage that the environment declares, and the uplink bears what lives and what waits',
  reason:
    'A buffer that is too small loses data in just the outage it was meant for; an uplink that live data fills never catches up.',
  source:
    'the author of the 2020 system: "if a node loses connectivity back to our cloud cluster, we will lose all logs/metrics/trace data for the duration of the outage"',
  start: () => {
    const tables: Table[] = []
    const parents = new Map<string, {bytes: number; around: Surroundings}>()
    return {
      cluster: (cluster, around) => {
        if (cluster.site.cluster.role !== 'edge') return forgetfulParent(cluster)
        const signals = signalsOf(cluster, around)
        const link = linkOf(cluster, around, signals)
        tables.push(tableOf(cluster, signals, link))
        const {name} = cluster.site.environment
        const own = parents.get(name) ?? {bytes: 0, around}
        parents.set(name, {around, bytes: own.bytes + replicatedBytes(cluster, around)})
        return [
          ...signals.flatMap((signal) => shortBuffer(signal, cluster, around)),
          ...thinLink(link, cluster, around),
        ]
      },
      end: async () => [...parents.values()].flatMap(({bytes, around}) => smallParent(bytes, around)),
      tables: () => tables,
    }
  },
} satisfies Gate

/** One kind of data of one node: bytes a second into its buffer and over the uplink, and how long the buffer lasts. */
interface Signal {
  name: string
  /** Seconds until the buffer is full. */
  lasts: number
  /** What goes first when it is full. */
  lost: 'the oldest' | 'the newest'
  wire: number
  fix: string
}

function signalsOf(cluster: RenderedCluster, around: Surroundings): Signal[] {
  const {figures} = around.read.environment.verify
  const {logLines, metrics, spans} = cluster.site.cluster.rates
  const buffers = buffersOf(cluster)
  const {updateEvery, exportEvery} = buffers
  const points = metrics / exportEvery
  return [
    {
      name: 'logs',
      lasts: buffers.logs / logBytes(buffers, logLines, figures),
      lost: 'the oldest',
      wire: logLines * figures.logLineBytesOnWire,
      fix: 'set fluent-bit.bufferMebibytes or flushSeconds higher',
    },
    {
      name: 'live metrics',
      lasts: Math.min(
        buffers.liveMetrics / ((metrics / updateEvery) * figures.sampleBytesOnDisk),
        replicationOf(around),
      ),
      lost: 'the oldest',
      wire: (metrics / updateEvery) * figures.sampleBytesOnWire,
      fix: 'set netdata-child.retentionMebibytes or updateEvery higher, and netdata-parent.replicationPeriod',
    },
    {
      name: 'long-term metrics',
      lasts: secondsIn(buffers.points, points, figures.pointBytesInQueue, figures.pointBytesOnDisk),
      lost: 'the newest',
      wire: points * figures.pointBytesOnWire,
      fix: 'set otel-agent.metricQueueMebibytes or netdata-child.exportEvery higher',
    },
    {
      name: 'traces',
      lasts: secondsIn(buffers.spans, spans, figures.spanBytesInQueue, figures.spanBytesOnDisk),
      lost: 'the newest',
      wire: spans * figures.spanBytesOnWire,
      fix: 'set otel-agent.traceQueueMebibytes higher',
    },
  ]
}

/** Each delivery leaves a piece of whole pages for each container that logged. */
function logBytes(
  {flush}: Buffers,
  lines: number,
  figures: {logLineBytesOnDisk: number; logChunkBytes: number; logSources: number},
): number {
  const pieces = Math.min(figures.logSources, lines * flush)
  return Math.max(lines * figures.logLineBytesOnDisk, (pieces * figures.logChunkBytes) / flush)
}

function secondsIn({counted, onDisk}: QueueBounds, rate: number, inQueue: number, inFile: number): number {
  return Math.min(counted / inQueue, onDisk / inFile) / rate
}

/** How far back the parent takes what it missed; a period of Netdata such as 7d. */
function replicationOf({cloud}: Surroundings): number {
  const period = textWithin(programWith(cloud, 'netdata.conf')?.config('netdata.conf'), 'db', 'replication period')
  return secondsOf(period || '1d')
}

function shortBuffer({name, lasts, lost, fix}: Signal, cluster: RenderedCluster, around: Surroundings): Finding[] {
  const {survive} = around.read.environment.outage
  if (lasts >= secondsOf(survive)) return []
  const missing = {logs: 'fluentBit', 'live metrics': 'netdata'}[name] as 'fluentBit' | 'netdata' | undefined
  if (!agentOf(cluster, missing ?? 'collector')) return []
  const message = `An outage of ${survive} is declared, and the buffer of ${name} on a node of ${cluster.site.cluster.name} lasts ${formatDuration(lasts)}; then ${lost} go`
  return [
    declared(around, cluster, {
      path: ['name'],
      message,
      fix: `${fix}, or declare lower rates or a shorter outage.survive`,
    }),
  ]
}

/** The uplink of a cluster, in bytes a second; `catchUp` in seconds after the longest outage. */
interface Link {
  capacity: number
  live: number
  catchUp: number
  /** Bytes a month. */
  month: number
}

const secondsPerMonth = 30.44 * 86_400

function linkOf(cluster: RenderedCluster, {read}: Surroundings, signals: readonly Signal[]): Link {
  const {nodes, uplink} = cluster.site.cluster
  const {figures} = read.environment.verify
  const survive = secondsOf(read.environment.outage.survive)
  const capacity = (kilobitsOf(uplink) * 1000) / 8
  const data = nodes.length * signals.reduce((sum, {wire}) => sum + wire, 0)
  const live = data + pollsPerSecond(cluster) * figures.pollBytes
  const backlog = nodes.length * signals.reduce((sum, {wire, lasts}) => sum + wire * Math.min(survive, lasts), 0)
  return {
    capacity,
    live,
    catchUp: live < capacity ? backlog / (capacity - live) : Number.POSITIVE_INFINITY,
    month: live * secondsPerMonth,
  }
}

function pollsPerSecond({engine, site}: RenderedCluster): number {
  if (site.cluster.reconcile === 'remote') return 0
  const polls = engine.flatMap(({object}) => pollOf(object) ?? []).filter((seconds) => seconds > 0)
  return polls.reduce((sum, seconds) => sum + 1 / seconds, 0)
}

function thinLink({capacity, live, catchUp}: Link, cluster: RenderedCluster, around: Surroundings): Finding[] {
  const {name, uplink} = cluster.site.cluster
  const survive = secondsOf(around.read.environment.outage.survive)
  const say = (message: string, severity: 'error' | 'warning') =>
    declared(around, cluster, {
      path: ['uplink'],
      or: ['edge', 'defaults', 'uplink'],
      message,
      severity,
      fix: 'measure less often (netdata-child.updateEvery, exportEvery), drop lines (fluent-bit.excludePattern), or take a wider uplink',
    })
  if (live >= capacity)
    return [
      say(`Live data of ${name} needs ${formatRate(live)}, and the uplink has ${uplink}: it never catches up`, 'error'),
    ]
  if (catchUp <= survive) return []
  return [
    say(
      `After an outage of ${around.read.environment.outage.survive}, ${name} needs ${formatDuration(catchUp)} to catch up over ${uplink} while live data flows`,
      'warning',
    ),
  ]
}

function tableOf(cluster: RenderedCluster, signals: readonly Signal[], link: Link): Table {
  const {
    environment,
    cluster: {name, uplink, uplinkPrice, nodes},
  } = cluster.site
  const gigabytes = link.month / 1e9
  const price = uplinkPrice === undefined ? '' : `, ${(gigabytes * uplinkPrice).toFixed(2)} for it`
  return {
    title: `${environment.name}/${name}: ${formatRate(link.live)} of ${uplink}, ${gigabytes.toFixed(1)} GB a month${price}; ${formatDuration(link.catchUp)} to catch up after ${environment.outage.survive}`,
    head: ['of each node', 'buffer lasts', 'then go', 'on the wire'],
    rows: signals.map(({name: signal, lasts, lost, wire}) => [
      signal,
      formatDuration(lasts),
      lost,
      `${formatRate(wire)}${nodes.length > 1 ? ` x ${nodes.length}` : ''}`,
    ]),
  }
}

function formatRate(bytesPerSecond: number): string {
  const kilobits = (bytesPerSecond * 8) / 1000
  return kilobits >= 1000
    ? `${(kilobits / 1000).toFixed(1)} Mbit/s`
    : `${kilobits.toFixed(kilobits < 10 ? 1 : 0)} kbit/s`
}

function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'for ever'
  if (seconds >= 2 * 86_400) return `${(seconds / 86_400).toFixed(1)} d`
  return seconds >= 3600 ? `${(seconds / 3600).toFixed(1)} h` : `${Math.round(seconds / 60)} min`
}

/** What the nodes of a cluster bring to the parent after the longest outage. */
function replicatedBytes(cluster: RenderedCluster, {read}: Surroundings): number {
  const {nodes, rates} = cluster.site.cluster
  const {outage, verify} = read.environment
  const samples = (rates.metrics / buffersOf(cluster).updateEvery) * secondsOf(outage.survive)
  return nodes.length * samples * verify.figures.sampleBytesOnDisk
}

function smallParent(bytes: number, {cloud, read}: Surroundings): Finding[] {
  const parent = programWith(cloud, 'netdata.conf')
  const size = /^(\d+)MiB$/.exec(
    textWithin(parent?.config('netdata.conf'), 'db', 'dbengine tier 0 retention size'),
  )?.[1]
  const held = Number(size ?? 0) * 2 ** 20
  if (!parent || held >= bytes) return []
  const message = `The Netdata parent holds ${formatBytes(held)}, and after an outage of ${read.environment.outage.survive} the edges bring ${formatBytes(bytes)}`
  return [about(parent.placed, cloud, message, 'set netdata-parent.retentionMebibytes and storage higher')]
}

/** What the parent takes must outlive its pod, and fit into its volume. */
function forgetfulParent(cloud: RenderedCluster): Finding[] {
  const parent = programWith(cloud, 'netdata.conf')
  if (!parent) return []
  const own = dataOf(parent.placed.object)
  const isKept =
    textWithin(parent.config('netdata.conf'), 'db', 'db') === 'dbengine' &&
    / db = dbengine\b/.test(own['start.sh'] ?? '')
  const paths = parent.pods.spec.containers.flatMap(({volumeMounts = []}) =>
    volumeMounts.map(({mountPath}) => mountPath),
  )
  if (isKept && ['/var/lib/netdata', '/var/cache/netdata'].every((path) => paths.includes(path))) return []
  return [
    about(
      parent.placed,
      cloud,
      'The Netdata parent keeps what the edges stream in memory: a restart forgets it',
      'write db = dbengine, for itself and for each stream, and mount /var/lib/netdata and /var/cache/netdata',
    ),
  ]
}
