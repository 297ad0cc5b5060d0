import type {RenderedCluster} from '../../tree/tree.ts'
import {type Agent, agentsOf, inputsOfLogs, outputsOfLogs, textWithin, volumeAt, within} from '../facts/agents.ts'
import {about, type Finding} from '../gate.ts'

/** Whether what agents have to say outlives a power cut, and is bounded. */
export function buffers(cluster: RenderedCluster): Finding[] {
  const {fluentBit, netdata, collector} = agentsOf(cluster)
  return [
    ...(fluentBit ? logBuffer(fluentBit, cluster) : []),
    ...(netdata ? metricBuffer(netdata, cluster) : []),
    ...(collector ? queues(collector, cluster) : []),
  ]
}

type Rule = readonly [isRight: boolean, message: string, fix: string]

function broken(agent: Agent, cluster: RenderedCluster, rules: readonly Rule[]): Finding[] {
  return rules
    .filter(([isRight]) => !isRight)
    .map(([, message, fix]) => about(agent.placed, cluster, `${agent.pods.by}: ${message}`, fix))
}

function isOnNode(agent: Agent, path: string): boolean {
  return path !== '' && volumeAt(agent.pods, path)?.hostPath !== undefined
}

/** Where the kubelet puts the logs of containers, and where the folder of the node is seen by the agent. */
const logFolder = '/var/log/containers'

function readsLogs(agent: Agent, path: string): boolean {
  return path === `${logFolder}/*.log` && volumeAt(agent.pods, path)?.hostPath?.path === '/var/log'
}

/** Options that were run with cuts, kills and power cuts; docs/gates/disconnected.md says what each loses. */
function logBuffer(agent: Agent, cluster: RenderedCluster): Finding[] {
  const config = agent.config('fluent-bit.yaml')
  const service = within(config, 'service')
  const inputs = inputsOfLogs(agent)
  const outputs = outputsOfLogs(agent)
  return broken(agent, cluster, [
    [
      isOnNode(agent, textWithin(service, 'storage.path')),
      'log lines that wait are not on the disk of the node',
      'put storage.path into a hostPath volume',
    ],
    [
      textWithin(service, 'storage.sync') === 'full',
      'log lines that wait are not written through to the disk',
      'write storage.sync: full',
    ],
    [
      textWithin(service, 'storage.checksum') === 'off',
      'a piece that was being written at a power cut is thrown away',
      'write storage.checksum: off',
    ],
    ...inputs.flatMap((input): Rule[] => [
      [
        input['storage.type'] === 'filesystem',
        `input ${input.name} keeps its lines in memory`,
        'write storage.type: filesystem',
      ],
      [
        isOnNode(agent, textWithin(input, 'db')),
        `input ${input.name} forgets how far it has read`,
        'put db into a hostPath volume',
      ],
      [
        readsLogs(agent, textWithin(input, 'path')),
        `input ${input.name} reads no files of the node`,
        'mount the folder of path from the node',
      ],
      [
        input['db.sync'] === 'normal',
        `offsets of input ${input.name} may be ahead of the lines`,
        'write db.sync: normal',
      ],
      [
        input.read_from_head === true,
        `input ${input.name} skips what was logged while it was down`,
        'write read_from_head: true',
      ],
    ]),
    ...outputs.flatMap((output): Rule[] => [
      [
        /^[1-9]\d*[KMG]$/.test(textWithin(output, 'storage.total_limit_size')),
        `output ${output.name} has no bound on the disk`,
        'write storage.total_limit_size',
      ],
      [
        output.retry_limit === 'no_limits',
        `output ${output.name} gives a delivery up after some tries`,
        'write retry_limit: no_limits',
      ],
      [
        textWithin(output, 'id_key').startsWith('$'),
        `output ${output.name} sends no ids: what is sent twice is there twice`,
        'write id_key: $eid',
      ],
    ]),
  ])
}

function metricBuffer(agent: Agent, cluster: RenderedCluster): Finding[] {
  const db = within(agent.config('netdata.conf'), 'db')
  const exporting = within(agent.config('exporting.conf'), 'graphite:edge')
  return broken(agent, cluster, [
    [
      textWithin(db, 'db') === 'dbengine' && isOnNode(agent, '/var/cache/netdata'),
      'metrics are not on the disk of the node: a gap stays after an outage',
      'write db = dbengine, and mount /var/cache/netdata from the node',
    ],
    [
      isOnNode(agent, '/var/lib/netdata'),
      'the node is another one to the parent after each start',
      'mount /var/lib/netdata from the node',
    ],
    [
      /^\d+MiB$/.test(textWithin(db, 'dbengine tier 0 retention size')),
      'the metric database has no bound on the disk',
      'write dbengine tier 0 retention size',
    ],
    [
      Number(textWithin(exporting, 'buffer on failures')) >= 10,
      'averages are lost while the collector of the node restarts',
      'write buffer on failures = 100',
    ],
  ])
}

function queues(agent: Agent, cluster: RenderedCluster): Finding[] {
  const config = agent.config('agent.yaml')
  const extensions = (within(config, 'service', 'extensions') ?? []) as string[]
  const exporters = Object.entries((within(config, 'exporters') ?? {}) as Record<string, unknown>)
  return broken(
    agent,
    cluster,
    exporters.flatMap(([name, exporter]): Rule[] => {
      const storage = textWithin(exporter, 'sending_queue', 'storage')
      const place = within(config, 'extensions', storage)
      const size = Number(within(exporter, 'sending_queue', 'queue_size'))
      const most = Number(within(place, 'max_size'))
      return [
        [
          within(exporter, 'sending_queue', 'enabled') !== false && extensions.includes(storage),
          `exporter ${name} keeps its queue in memory`,
          'name a file_storage in sending_queue.storage and in service.extensions',
        ],
        [
          isOnNode(agent, textWithin(place, 'directory')),
          `the queue of exporter ${name} is not on the disk of the node`,
          'put its directory into a hostPath volume',
        ],
        [
          within(place, 'fsync') === true,
          `the queue of exporter ${name} is not written through to the disk`,
          'write fsync: true',
        ],
        [
          within(place, 'recreate') === true,
          `a queue of exporter ${name} that a power cut damaged keeps the collector from starting`,
          'write recreate: true',
        ],
        [most > 0, `the file of exporter ${name} has no bound`, 'write max_size'],
        [
          size > 0 && size <= most,
          `the queue of exporter ${name} is larger than its file`,
          'write a queue_size below max_size',
        ],
        [
          textWithin(exporter, 'sending_queue', 'sizer') === 'bytes',
          `the queue of exporter ${name} does not count bytes`,
          'write sizer: bytes',
        ],
        [
          /^0(s|m|h)?$/.test(textWithin(exporter, 'retry_on_failure', 'max_elapsed_time')) &&
            within(exporter, 'retry_on_failure', 'enabled') === true,
          `exporter ${name} gives up after some minutes, and drops what it has`,
          'write retry_on_failure: {enabled: true, max_elapsed_time: 0}',
        ],
      ]
    }),
  )
}
