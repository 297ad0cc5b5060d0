import {z} from 'zod'
import {configurationFile, defineComponent, text, times} from '../../component.ts'
import {described, type Resources, resources} from '../../environment/fields.ts'
import {collectorImage} from '../collector.ts'
import {
  agentPod,
  authority,
  authorityMount,
  authorityVolume,
  nodeNameEnv,
  stateFolder,
  upstream,
  upstreamShape,
} from '../edge.ts'
import {configMap, configVolume, hostVolume, lockedContainer, secretVolume} from '../kubernetes.ts'
import {daemonSet} from '../workloads.ts'

const name = 'otel-agent'
const identity = 'otel-identity'
const ports = {jaeger: 6831, otlpGrpc: 4317, otlpHttp: 4318, metrics: 12003, health: 13133}
const mebibyte = 1048576
/**
 * How many bytes the queue may count for each mebibyte of its file, which must not be full first: pages, keys and free
 * space take the rest (measured with 24,000 spans stored one by one, and 1,200,000 points in batches).
 */
const spanShare = 393216
const pointShare = 917504

export default defineComponent({
  name,
  summary: 'Takes traces on the ports of 2020 and over OTLP, and metrics from Netdata; both wait on disk for the cloud',
  settings: z.strictObject({
    traceQueueMebibytes: described(
      z.int().min(16).max(32768).default(512),
      'Disk for traces that wait; at most 1024 on 32-bit Arm',
      1024,
    ),
    metricQueueMebibytes: described(
      z.int().min(16).max(32768).default(2048),
      'Disk for metrics that wait; at most 1024 on 32-bit Arm',
      4096,
    ),
    memoryLimitMebibytes: described(z.int().min(48).max(1024).default(96), 'Heap above which new data is refused', 96),
    resources: resources({cpu: '50m', memory: '64Mi', cpuLimit: '500m', memoryLimit: '160Mi'}),
  }),
  derived: z.strictObject(upstreamShape('otlp.example.com')),
  derive: (site) => upstream(site, 'telemetry'),
  images: {collector: collectorImage},
  provides: () => ({
    nodeTraces: {scope: 'node', host: '127.0.0.1', port: ports.jaeger},
    nodeMetrics: {scope: 'node', host: '127.0.0.1', port: ports.metrics},
  }),
  requires: ['telemetry'],
  secrets: [
    {
      name: identity,
      keys: {
        'tls.crt': {kind: 'identity', part: 'certificate'},
        'tls.key': {kind: 'identity', part: 'privateKey'},
      },
      purpose: 'Client certificate of this edge cluster',
    },
    authority,
  ],
  objects: ({value, images}) => {
    const files = {'agent.yaml': configurationFile('agent.yaml', configuration(value))}
    return [
      daemonSet(name, {
        files,
        pod: {
          ...agentPod,
          automountServiceAccountToken: false,
          // The queue is a folder of the node, which the kubelet makes for root.
          securityContext: {runAsUser: 0, runAsGroup: 0, seccompProfile: {type: 'RuntimeDefault'}},
          containers: [container({image: images.collector, value})],
          volumes: [
            configVolume('config', name),
            secretVolume('identity', identity),
            authorityVolume,
            hostVolume('state', `${stateFolder}/otel-agent`, 'DirectoryOrCreate'),
          ],
        },
      }),
      configMap(name, files),
    ]
  },
})

interface Value {
  cluster: string
  host: string
  port: number
  authorityFile: string
  traceQueueMebibytes: number
  metricQueueMebibytes: number
  memoryLimitMebibytes: number
  resources: Resources
}

/** Settings as they were run with cuts, kills and simulated power cuts: nothing lost, nothing twice with fsync. */
function configuration(value: Value) {
  return {
    extensions: {
      health_check: {endpoint: `127.0.0.1:${ports.health}`},
      'file_storage/traces': storage('/state/traces', value.traceQueueMebibytes),
      'file_storage/metrics': storage('/state/metrics', value.metricQueueMebibytes),
    },
    receivers: {
      jaeger: {protocols: {thrift_compact: {endpoint: `0.0.0.0:${ports.jaeger}`}}},
      otlp: {
        protocols: {
          grpc: {endpoint: `0.0.0.0:${ports.otlpGrpc}`},
          http: {endpoint: `0.0.0.0:${ports.otlpHttp}`},
        },
      },
      carbon: {
        endpoint: `127.0.0.1:${ports.metrics}`,
        transport: 'tcp',
        tcp_idle_timeout: '60s',
        parser: {type: 'regex', config: {rules: [netdataRule]}},
      },
    },
    processors: {
      memory_limiter: {check_interval: '1s', limit_mib: value.memoryLimitMebibytes, spike_limit_mib: 20},
      // Netdata sends all its averages at once, a line each: without this each would be a write with fsync of its own.
      batch: {timeout: '1s', send_batch_size: 2048, send_batch_max_size: 4096},
      'transform/node': {error_mode: 'ignore', trace_statements: traceStatements(value.cluster)},
      'transform/cluster': {
        error_mode: 'ignore',
        metric_statements: [text`set(datapoint.attributes["cluster"], "${value.cluster}")`],
      },
    },
    exporters: {
      'otlp_grpc/traces': exporter(value, 'file_storage/traces', times(value.traceQueueMebibytes, spanShare)),
      'otlp_grpc/metrics': exporter(value, 'file_storage/metrics', times(value.metricQueueMebibytes, pointShare)),
    },
    service: {
      extensions: ['health_check', 'file_storage/traces', 'file_storage/metrics'],
      telemetry: {metrics: {level: 'none'}},
      pipelines: {
        traces: {
          receivers: ['jaeger', 'otlp'],
          processors: ['memory_limiter', 'transform/node'],
          exporters: ['otlp_grpc/traces'],
        },
        metrics: {
          receivers: ['carbon'],
          processors: ['memory_limiter', 'transform/cluster', 'batch'],
          exporters: ['otlp_grpc/metrics'],
        },
      },
    },
  }
}

/** `netdata.NODE.CHART.DIMENSION`, where only the chart has dots, becomes one measurement with tags. */
const netdataRule = {
  regexp: '^netdata\\.(?P<key_node>[^.]+)\\.(?P<key_chart>.+)\\.(?P<key_dimension>[^.]+)$',
  name_prefix: 'netdata',
  type: 'gauge',
}

/** The name of the service carries the node in front, as in 2020; the original name stays beside it. */
function traceStatements(cluster: string): string[] {
  return [
    'set(resource.attributes["service.name"], "unknown_service") where resource.attributes["service.name"] == nil',
    'set(resource.attributes["edge.service"], resource.attributes["service.name"])',
    'set(resource.attributes["k8s.node.name"], "${env:NODE_NAME}")',
    text`set(resource.attributes["k8s.cluster.name"], "${cluster}")`,
    'set(resource.attributes["service.name"], Concat(["${env:NODE_NAME}", resource.attributes["service.name"]], "-"))',
  ]
}

/** With fsync nothing was lost in simulated power cuts; a damaged file is put aside, and a new one begun. */
function storage(directory: string, mebibytes: number) {
  return {
    directory,
    create_directory: true,
    fsync: true,
    recreate: true,
    max_size: times(mebibytes, mebibyte),
    compaction: {on_start: false, on_rebound: true, directory, cleanup_on_start: true},
  }
}

function exporter(value: Value, place: string, queueSize: number) {
  return {
    endpoint: text`${value.host}:${value.port}`,
    compression: 'gzip',
    tls: {
      ca_file: value.authorityFile,
      cert_file: '/identity/tls.crt',
      key_file: '/identity/tls.key',
      // Between a rotation and this the data waits on disk.
      reload_interval: '5m',
    },
    retry_on_failure: {enabled: true, initial_interval: '5s', max_interval: '5m', max_elapsed_time: 0},
    sending_queue: {
      storage: place,
      sizer: 'bytes',
      queue_size: queueSize,
      num_consumers: 2,
      batch: {flush_timeout: '5s', sizer: 'items', min_size: 512, max_size: 2048},
    },
  }
}

function container({image, value}: {image: string; value: Value}) {
  const probe = {httpGet: {host: '127.0.0.1', path: '/', port: ports.health}, periodSeconds: 30, timeoutSeconds: 10}
  return {
    name: 'collector',
    image,
    imagePullPolicy: 'IfNotPresent' as const,
    args: ['--config=/config/agent.yaml'],
    env: [
      nodeNameEnv,
      {name: 'GOMEMLIMIT', value: text`${value.memoryLimitMebibytes}MiB`},
      {name: 'GOGC', value: '50'},
    ],
    startupProbe: {...probe, periodSeconds: 5, failureThreshold: 30},
    readinessProbe: probe,
    livenessProbe: {...probe, failureThreshold: 5},
    resources: value.resources,
    securityContext: lockedContainer,
    volumeMounts: [
      {name: 'config', mountPath: '/config', readOnly: true},
      {name: 'identity', mountPath: '/identity', readOnly: true},
      authorityMount,
      {name: 'state', mountPath: '/state'},
    ],
  }
}
