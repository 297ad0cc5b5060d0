import {z} from 'zod'
import {configurationFile, defineComponent, text} from '../../component.ts'
import {described, hostAndPort, hostname, type Resources, resources} from '../../environment/fields.ts'
import {collectorImage, maxMessageMebibytes} from '../collector.ts'
import {
  configMap,
  configVolume,
  hostSni,
  httpProbe,
  lockedContainer,
  lockedPod,
  passthrough,
  secretEnv,
  secretVolume,
  serverCertificate,
  service,
} from '../kubernetes.ts'
import {deployment} from '../workloads.ts'
import {influxdbCredentials, metricDatabase} from './influxdb.ts'

const name = 'otel-gateway'
const clientAuthority = 'otel-gateway-clients'
const ports = {otlp: 4317, health: 13133}

export default defineComponent({
  name,
  summary: 'Takes traces and long-term metrics from the edge over mutual TLS and hands them to Jaeger and InfluxDB',
  settings: z.strictObject({
    replicas: described(z.int().min(1).max(10).default(1), 'Number of pods', 2),
    memoryLimitMebibytes: described(
      z.int().min(64).max(16384).default(400),
      'Heap above which the gateway refuses data, which then waits at the edge',
      400,
    ),
    resources: resources({cpu: '100m', memory: '256Mi', cpuLimit: '2', memoryLimit: '512Mi'}),
  }),
  derived: z.strictObject({
    host: described(hostname.default('otlp.example.com'), 'Public host name'),
    traceStore: described(hostAndPort.default('jaeger:4317'), 'Where traces go'),
    metricStore: described(hostAndPort.default('influxdb:8086'), 'Where metrics go'),
  }),
  derive: ({hostname, endpoint}) => ({
    host: hostname('otlp'),
    traceStore: `${endpoint('traceStore').host}:${endpoint('traceStore').port}`,
    metricStore: `${endpoint('metricStore').host}:${endpoint('metricStore').port}`,
  }),
  images: {collector: collectorImage},
  provides: ({hostname}) => ({telemetry: {scope: 'environment', host: hostname('otlp'), port: 443}}),
  requires: ['traceStore', 'metricStore'],
  secrets: [
    {name: clientAuthority, keys: ['ca.crt'], purpose: 'Authority of the client certificates of the edge clusters'},
  ],
  objects: ({value, images}) => {
    const files = {'gateway.yaml': configurationFile('gateway.yaml', configuration(value))}
    return [
      deployment(name, {replicas: value.replicas, pod: pod(value, images.collector), files}),
      service(name, [{name: 'otlp', port: ports.otlp, targetPort: 'otlp'}]),
      configMap(name, files),
      serverCertificate(name, value.host),
      passthrough({component: name, entryPoint: 'websecure', match: hostSni(value.host), port: ports.otlp}),
    ]
  },
})

interface Value {
  replicas: number
  memoryLimitMebibytes: number
  resources: Resources
  traceStore: string
  metricStore: string
}

/**
 * No queue and no retry here: an answer means that the store has the data, everything else stays in the queue on
 * the disk of the edge. `precision: ns` because with `ms` InfluxDB refuses the points for good.
 */
function configuration(value: Value) {
  return {
    extensions: {health_check: {endpoint: `0.0.0.0:${ports.health}`}},
    receivers: {
      otlp: {
        protocols: {
          grpc: {endpoint: `0.0.0.0:${ports.otlp}`, tls: serverTls, max_recv_msg_size_mib: maxMessageMebibytes},
        },
      },
    },
    processors: {
      memory_limiter: {check_interval: '1s', limit_mib: value.memoryLimitMebibytes, spike_limit_mib: 50},
    },
    exporters: {
      otlp_grpc: {
        endpoint: value.traceStore,
        tls: {insecure: true},
        sending_queue: {enabled: false},
        retry_on_failure: {enabled: false},
      },
      influxdb: {
        endpoint: text`http://${value.metricStore}`,
        org: 'none',
        bucket: 'none',
        v1_compatibility: {
          enabled: true,
          db: metricDatabase,
          username: '${env:INFLUXDB_USER}',
          password: '${env:INFLUXDB_PASSWORD}',
        },
        precision: 'ns',
        metrics_schema: 'telegraf-prometheus-v1',
        sending_queue: {enabled: false},
        retry_on_failure: {enabled: false},
      },
    },
    service: {
      extensions: ['health_check'],
      telemetry: {metrics: {level: 'none'}},
      pipelines: {
        traces: {receivers: ['otlp'], processors: ['memory_limiter'], exporters: ['otlp_grpc']},
        metrics: {receivers: ['otlp'], processors: ['memory_limiter'], exporters: ['influxdb']},
      },
    },
  }
}

/** Only holders of a client certificate of the environment get in; certificates are read again when they change. */
const serverTls = {
  cert_file: '/server/tls.crt',
  key_file: '/server/tls.key',
  client_ca_file: '/clients/ca.crt',
  client_ca_file_reload: true,
  min_version: '1.3',
  reload_interval: '1h',
}

function pod(value: Value, image: string) {
  return {
    automountServiceAccountToken: false,
    securityContext: lockedPod(10001),
    containers: [container(value, image)],
    volumes: [
      configVolume('config', name),
      secretVolume('server', `${name}-server`),
      secretVolume('clients', clientAuthority),
    ],
  }
}

function container(value: Value, image: string) {
  return {
    name: 'collector',
    image,
    imagePullPolicy: 'IfNotPresent' as const,
    args: ['--config=/config/gateway.yaml'],
    env: [
      {name: 'GOMEMLIMIT', value: text`${value.memoryLimitMebibytes}MiB`},
      secretEnv('INFLUXDB_USER', influxdbCredentials, 'writer-user'),
      secretEnv('INFLUXDB_PASSWORD', influxdbCredentials, 'writer-password'),
    ],
    ports: [
      {name: 'otlp', containerPort: ports.otlp},
      {name: 'health', containerPort: ports.health},
    ],
    readinessProbe: httpProbe('/', ports.health),
    livenessProbe: httpProbe('/', ports.health, {initialDelaySeconds: 15}),
    resources: value.resources,
    securityContext: lockedContainer,
    volumeMounts: [
      {name: 'config', mountPath: '/config', readOnly: true},
      {name: 'server', mountPath: '/server', readOnly: true},
      {name: 'clients', mountPath: '/clients', readOnly: true},
    ],
  }
}
