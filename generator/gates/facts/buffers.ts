import {bytesOf} from '../../model/quantity.ts'
import type {RenderedCluster} from '../../tree/tree.ts'
import {type Agent, agentsOf, outputsOfLogs, textWithin, within} from './agents.ts'

/** What an edge node may put aside on its disk, in bytes, as the configuration of its agents bounds it. */
export interface Buffers {
  logs: number
  liveMetrics: number
  points: QueueBounds
  spans: QueueBounds
  /** Seconds between deliveries of logs, measurements, and averages for the long-term store. */
  flush: number
  updateEvery: number
  exportEvery: number
}

/** A queue counts its own bytes, and its file has a bound too. */
export interface QueueBounds {
  counted: number
  onDisk: number
}

/** The buffers of the nodes of an edge cluster; zero for an agent that is not there. */
export function buffersOf(cluster: RenderedCluster): Buffers {
  const {fluentBit, netdata, collector} = agentsOf(cluster)
  const logs = fluentBit?.config('fluent-bit.yaml')
  const outputs = outputsOfLogs(fluentBit)
  const metrics = netdata?.config('netdata.conf')
  const exporting = netdata?.config('exporting.conf')
  return {
    logs: outputs.reduce((sum, output) => sum + sizeOf(textWithin(output, 'storage.total_limit_size')), 0),
    liveMetrics: sizeOf(textWithin(metrics, 'db', 'dbengine tier 0 retention size')),
    points: queueOf(collector, 'otlp_grpc/metrics'),
    spans: queueOf(collector, 'otlp_grpc/traces'),
    flush: Number(textWithin(logs, 'service', 'flush')) || 1,
    updateEvery: Number(textWithin(metrics, 'db', 'update every')) || 1,
    exportEvery: Number(textWithin(exporting, 'graphite:edge', 'update every')) || 10,
  }
}

function queueOf(agent: Agent | undefined, exporter: string): QueueBounds {
  const config = agent?.config('agent.yaml')
  const queue = within(config, 'exporters', exporter, 'sending_queue')
  const storage = within(config, 'extensions', textWithin(queue, 'storage'))
  return {counted: Number(within(queue, 'queue_size') ?? 0), onDisk: Number(within(storage, 'max_size') ?? 0)}
}

/** Bytes of `2048M` of Fluent Bit, which counts in thousands to be on the safe side, and `512MiB` of Netdata. */
function sizeOf(text: string): number {
  const size = bytesOf(text.replace(/B$/, ''))
  return Number.isNaN(size) ? 0 : size
}
