import type {ClusterNode} from '../component.ts'
import {bytesOf, coresOf, formatBytes} from '../model/quantity.ts'
import {containersOf, type Pods, podsOf} from '../tree/pods.ts'
import type {RenderedCluster} from '../tree/tree.ts'
import {agentOf, programWith, textWithin} from './facts/agents.ts'
import {buffersOf} from './facts/buffers.ts'
import {nodesFor} from './facts/placement.ts'
import {about, declared, type Finding, type Gate, type Surroundings} from './gate.ts'
import type {Table} from './table.ts'

export default {
  name: 'resources',
  rule: 'What runs on a node fits into its processor, memory and disk: agents, demo, k3s itself, Flux or Argo CD, and full buffers',
  reason:
    'A pod that does not fit stays Pending; memory that is promised twice ends in the kernel killing the agents when they are needed most; a full disk stops them all.',
  source:
    'docs.k3s.io/reference/resource-profiling; kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction; fluent/fluent-bit issues 9669 and 7573 (full disk)',
  start: () => {
    const tables: Table[] = []
    return {
      cluster: (cluster, around) => {
        const loads = loadsOf(cluster, around)
        tables.push(tableOf(cluster, loads))
        return [
          ...unbounded(cluster),
          ...heaps(cluster),
          ...nowhere(cluster),
          ...unplacedFindings(loads.unplaced, loads.nodes, cluster, around),
          ...loads.nodes.flatMap((load) => overload(load, cluster, around)),
          ...largeFiles(cluster, around),
        ]
      },
      tables: () => tables,
    }
  },
} satisfies Gate

/** What a node bears; memory and disk in bytes, processor in cores. */
interface Load {
  node: ClusterNode
  index: number
  system: number
  requested: {cpu: number; memory: number}
  limits: number
  disk: number
  pods: string[]
}

interface Loads {
  nodes: readonly Load[]
  unplaced: readonly Pods[]
}

const memory = (node: ClusterNode) => bytesOf(node.memory)

function loadsOf(cluster: RenderedCluster, around: Surroundings): Loads {
  const {nodes} = cluster.site.cluster
  const loads = nodes.map((node, index) => emptyLoad(around, node, index))
  const all = podsOf(cluster)
  for (const pods of all.filter(({everyNode}) => everyNode)) {
    const takes = nodesFor(cluster, pods).map(({name}) => name)
    for (const load of loads.filter(({node}) => takes.includes(node.name))) put(load, pods)
  }
  const unplaced = all
    .filter(({everyNode}) => !everyNode)
    .flatMap((pods) => Array.from({length: pods.replicas}, () => pods))
    .sort((a, b) => amounts(b).memory - amounts(a).memory)
    .flatMap((pods) => place(cluster, loads, pods))
  if (cluster.site.cluster.role === 'edge' && cluster.site.cluster.reconcile === 'local') placeEngine(loads, around)
  return {nodes: loads, unplaced}
}

function emptyLoad({read}: Surroundings, node: ClusterNode, index: number): Load {
  const {figures} = read.environment.verify
  const k3s = node.controlPlane ? figures.k3sServerMemory : figures.k3sAgentMemory
  const system = bytesOf(figures.systemMemory) + bytesOf(k3s)
  const disk = bytesOf(figures.systemDisk)
  const requested = {cpu: node.controlPlane ? k3sCores.server : k3sCores.agent, memory: system}
  return {node, index, system, requested, limits: system, disk, pods: []}
}

/** Of a Raspberry Pi 4: docs.k3s.io/reference/resource-profiling. */
const k3sCores = {server: 0.3, agent: 0.1}

function put(load: Load, pods: Pods): void {
  const {cpu, memory: asked, limit} = amounts(pods)
  load.requested.cpu += cpu
  load.requested.memory += asked
  load.limits += limit
  load.disk += claimed(pods) + scratch(pods)
  load.pods.push(pods.by)
}

/** Those of init containers count only where they are larger, because they run before the others. */
function amounts({spec}: Pods): {cpu: number; memory: number; limit: number} {
  const sum = (of: 'requests' | 'limits', what: 'cpu' | 'memory') => {
    const read = what === 'cpu' ? coresOf : bytesOf
    const each = (list: typeof spec.containers = []) => list.map(({resources}) => read(resources?.[of]?.[what] ?? 0))
    return Math.max(
      each(spec.containers).reduce((total, amount) => total + amount, 0),
      ...each(spec.initContainers),
    )
  }
  return {cpu: sum('requests', 'cpu'), memory: sum('requests', 'memory'), limit: sum('limits', 'memory')}
}

/** Bytes of the volumes that they claim. */
function claimed({volumes}: Pods): number {
  return volumes.reduce((sum, size) => sum + bytesOf(size), 0)
}

function scratch({spec}: Pods): number {
  const sizes = (spec.volumes ?? []).map(({emptyDir}) =>
    emptyDir?.medium === 'Memory' ? 0 : bytesOf(emptyDir?.sizeLimit ?? 0),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** As the scheduler does: where it fits, on the node with the most memory left. */
function place(cluster: RenderedCluster, loads: readonly Load[], pods: Pods): Pods[] {
  const takes = nodesFor(cluster, pods).map(({name}) => name)
  const {cpu, memory: asked} = amounts(pods)
  const disk = claimed(pods)
  const fitting = loads
    .filter(({node}) => takes.includes(node.name))
    .filter((load) => load.requested.cpu + cpu <= load.node.cpu && load.requested.memory + asked <= memory(load.node))
    .filter((load) => load.disk + disk <= bytesOf(load.node.disk))
    .sort((a, b) => memory(b.node) - b.requested.memory - (memory(a.node) - a.requested.memory))
  const [first] = fitting
  if (!first) return [pods]
  put(first, pods)
  return []
}

/** What has no place, in one sentence: what is scarce matters more than who came last. */
function unplacedFindings(
  unplaced: readonly Pods[],
  loads: readonly Load[],
  cluster: RenderedCluster,
  around: Surroundings,
): Finding[] {
  const [first] = unplaced
  if (!first) return []
  const asked = unplaced.map((pods) => ({
    ...amounts(pods),
    disk: claimed(pods),
  }))
  const total = (key: 'cpu' | 'memory' | 'disk') => asked.reduce((sum, each) => sum + each[key], 0)
  const left = loads.map(
    ({node, requested, disk}) =>
      `${node.name} has ${(node.cpu - requested.cpu).toFixed(2)} cores, ${formatBytes(Math.max(0, memory(node) - requested.memory))} of memory, ${formatBytes(Math.max(0, bytesOf(node.disk) - disk))} of disk left`,
  )
  const others = unplaced.length > 1 ? ` and ${unplaced.length - 1} more pods` : ''
  const message = `${first.by}${others} fit onto no node of ${cluster.site.cluster.name}: asked are ${total('cpu').toFixed(2)} cores, ${formatBytes(total('memory'))} of memory, ${formatBytes(total('disk'))} of disk; ${left.join('; ')}`
  return [declared(around, cluster, {path: ['nodes'], message, fix: 'ask for less in settings, or add a node'})]
}

function placeEngine(loads: readonly Load[], {read}: Surroundings): void {
  const {git, verify} = read.environment
  const needed = bytesOf(git.engine === 'flux' ? verify.figures.fluxMemory : verify.figures.argoMemory)
  const [most] = [...loads]
    .filter(({node}) => git.engine === 'flux' || node.arch !== 'arm')
    .sort((a, b) => memory(b.node) - b.limits - (memory(a.node) - a.limits))
  if (!most) return
  most.requested.memory += needed
  most.limits += needed
  most.pods.push(git.engine === 'flux' ? 'Flux' : 'Argo CD')
}

function overload(load: Load, cluster: RenderedCluster, around: Surroundings): Finding[] {
  const {node, index, requested, limits} = load
  const isEdge = cluster.site.cluster.role === 'edge'
  const disk = load.disk + (isEdge ? bufferBytes(cluster) : 0)
  const path = ['nodes', index]
  const say = (message: string, fix: string) =>
    declared(around, cluster, {path, message: `Node ${node.name}: ${message}`, fix})
  const promised = memory(node) * around.read.environment.verify.figures.memoryOvercommit
  const less = `declare what the node has (memory, cpu, disk), or set less in settings`
  return [
    ...(requested.cpu <= node.cpu
      ? []
      : [say(`its pods and k3s ask for ${requested.cpu.toFixed(2)} cores of ${node.cpu}`, less)]),
    ...(requested.memory <= memory(node)
      ? []
      : [say(`its pods, k3s and the system ask for ${formatBytes(requested.memory)} of ${node.memory} memory`, less)]),
    ...(!isEdge || requested.memory > memory(node) || limits <= promised
      ? []
      : [
          say(
            `its pods may take ${formatBytes(limits)} with k3s and the system, and it has ${node.memory} of memory`,
            less,
          ),
        ]),
    ...(disk <= bytesOf(node.disk)
      ? []
      : [
          say(
            `full buffers, volumes and the system take ${formatBytes(disk)} of ${node.disk} disk`,
            'set smaller buffers (settings of fluent-bit, netdata-child, otel-agent), or declare a larger disk',
          ),
        ]),
  ]
}

/** What the agents of a node may put aside. */
function bufferBytes(cluster: RenderedCluster): number {
  const {logs, liveMetrics, points, spans} = buffersOf(cluster)
  return logs + liveMetrics + points.onDisk + spans.onDisk
}

/**
 * bbolt maps its file into memory in steps of 1 GiB once it is larger than that, and a 32-bit process has no room for
 * the second (go.etcd.io/bbolt db.go mmapSize, internal/common/bolt_arm.go MaxMapSize).
 */
const largestOn32Bit = 2 ** 30

function largeFiles(cluster: RenderedCluster, around: Surroundings): Finding[] {
  if (cluster.site.cluster.role !== 'edge' || !agentOf(cluster, 'collector')) return []
  const {points, spans} = buffersOf(cluster)
  const largest = Math.max(points.onDisk, spans.onDisk)
  if (largest <= largestOn32Bit) return []
  return cluster.site.cluster.nodes.flatMap(({name, arch}, index) => {
    if (arch !== 'arm') return []
    const message = `Node ${name}: a 32-bit collector cannot map a queue file of ${formatBytes(largest)}`
    const fix = 'set otel-agent.metricQueueMebibytes and traceQueueMebibytes to at most 1024 for this cluster'
    return [declared(around, cluster, {path: ['nodes', index, 'arch'], message, fix})]
  })
}

/** Without requests nobody knows what fits; without limits one pod may take all. */
function unbounded(cluster: RenderedCluster): Finding[] {
  return podsOf(cluster)
    .filter(({isOwn, spec}) => isOwn || spec.containers.some(({resources}) => resources))
    .flatMap((pods) =>
      containersOf(pods.spec)
        .filter(({resources, name}) => name !== 'elastic-internal-init' && !isBounded(resources))
        .map(({name, resources}) =>
          about(
            pods,
            cluster,
            `${pods.by}: container ${name} lacks ${lackingOf(resources)}`,
            'write resources with both',
          ),
        ),
    )
}

interface Amounts {
  cpu?: string | number
  memory?: string | number
}

function isBounded(resources: {requests?: Amounts; limits?: Amounts} = {}): boolean {
  return lackingOf(resources) === ''
}

/** What is missing or less than nothing; a request above its limit is refused by the API server. */
function lackingOf({requests = {}, limits = {}}: {requests?: Amounts; limits?: Amounts} = {}): string {
  const amounts: [string, number][] = [
    ['a request of cpu', coresOf(requests.cpu ?? '')],
    ['a request of memory', bytesOf(requests.memory ?? '')],
    ['a limit of cpu', coresOf(limits.cpu ?? '')],
    ['a limit of memory', bytesOf(limits.memory ?? '')],
  ]
  const missing = amounts.filter(([, amount]) => !(amount > 0)).map(([name]) => name)
  const [cpu = 0, memory = 0, mostCpu = 0, mostMemory = 0] = amounts.map(([, amount]) => amount)
  const swapped = missing.length === 0 && (cpu > mostCpu || memory > mostMemory) ? ['limits above its requests'] : []
  return [...missing, ...swapped].join(', ')
}

/** A collector that may take more than its container is killed before it refuses data. */
function heaps(cluster: RenderedCluster): Finding[] {
  return ['agent.yaml', 'gateway.yaml'].flatMap((file) => {
    const program = programWith(cluster, file)
    const heap = Number(textWithin(program?.config(file), 'processors', 'memory_limiter', 'limit_mib')) * 2 ** 20
    const limit = bytesOf(program?.pods.spec.containers[0]?.resources?.limits?.memory ?? '')
    if (!program || !(heap > limit)) return []
    const message = `${program.pods.by} may use ${formatBytes(heap)}, and its container has ${formatBytes(limit)}: it is killed before it refuses data`
    return [
      about(
        program.placed,
        cluster,
        message,
        'set memoryLimitMebibytes below resources.limits.memory',
        'memoryLimitMebibytes:',
      ),
    ]
  })
}

/** What is for every node runs on some. */
function nowhere(cluster: RenderedCluster): Finding[] {
  return podsOf(cluster)
    .filter((pods) => pods.everyNode && nodesFor(cluster, pods).length === 0)
    .map((pods) => {
      const labels = Object.entries(pods.spec.nodeSelector ?? {})
      const isChosen = labels.some(([key]) => !key.startsWith('kubernetes.io/'))
      const wanted = labels.map(([key, value]) => `${key}: ${value}`).join(', ')
      const message = `${pods.by} runs on no node of ${cluster.site.cluster.name}: none has ${wanted}`
      const finding = about(pods, cluster, message, 'give a node these labels, or leave it out')
      return isChosen ? {...finding, severity: 'warning' as const} : finding
    })
}

function tableOf(cluster: RenderedCluster, {nodes}: Loads): Table {
  const {
    environment,
    cluster: {name, role},
  } = cluster.site
  const buffers = role === 'edge' ? bufferBytes(cluster) : 0
  return {
    title: `${environment.name}/${name}: what a node bears`,
    head: [
      'node',
      'arch',
      'cores asked',
      'of',
      'system and k3s',
      'memory asked',
      'at most',
      'of',
      'disk at most',
      'of',
      'pods',
    ],
    rows: nodes.map(({node, requested, system, limits, disk, pods}) => [
      node.name,
      node.arch,
      requested.cpu.toFixed(2),
      String(node.cpu),
      formatBytes(system),
      formatBytes(requested.memory),
      formatBytes(limits),
      node.memory,
      formatBytes(disk + buffers),
      node.disk,
      String(pods.length),
    ]),
  }
}
