import {z} from 'zod'
import {configurationFile, defineComponent, type Endpoint, text} from '../../component.ts'
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
  revisionOf,
  secretEnv,
  secretRevision,
  secretVolume,
  serverCertificate,
  service,
} from '../kubernetes.ts'
import {deployment} from '../workloads.ts'
import {influxdbCredentials, influxdbImage, influxdbUser, metricDatabase} from './influxdb.ts'

const name = 'otel-gateway'
const clientCertificates = 'otel-gateway-clients'
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
    secretRevision,
  }),
  derive: (site) => ({
    host: site.hostname('otlp'),
    traceStore: addressOf(site.endpoint('traceStore')),
    metricStore: addressOf(site.endpoint('metricStore')),
    secretRevision: revisionOf(site, influxdbCredentials),
  }),
  images: {collector: collectorImage, influxdb: influxdbImage},
  provides: ({hostname}) => ({telemetry: {scope: 'environment', host: hostname('otlp'), port: 443}}),
  requires: ['traceStore', 'metricStore'],
  secrets: [
    {
      name: clientCertificates,
      keys: {'ca.crt': {kind: 'clientCertificates'}},
      purpose: 'The client certificate of every edge cluster: no other one is accepted',
    },
  ],
  objects: ({value, images}) => {
    const files = {'gateway.yaml': configurationFile('gateway.yaml', configuration(value))}
    return [
      deployment(name, {
        replicas: value.replicas,
        pod: pod(value, images),
        files,
        secretRevision: value.secretRevision,
      }),
      service(name, [{name: 'otlp', port: ports.otlp, targetPort: 'otlp'}]),
      configMap(name, files),
      serverCertificate(name, value.host),
      passthrough({component: name, entryPoint: 'websecure', match: hostSni(value.host), port: ports.otlp}),
    ]
  },
})

function addressOf({host, port}: Endpoint): string {
  return `${host}:${port}`
}

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
          grpc: {
            endpoint: `0.0.0.0:${ports.otlp}`,
            tls: serverTls,
            // A certificate is looked at when a connection begins: one that is struck off the list ends with it.
            keepalive: {server_parameters: {max_connection_age: '6h'}},
            max_recv_msg_size_mib: maxMessageMebibytes,
          },
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

/**
 * Only holders of a listed client certificate get in: Go trusts a certificate that is itself among the roots
 * (crypto/x509 Certificate.Verify). So there is no authority that could make more, and striking one off the list ends
 * it. A certificate that is refused is a connection that fails, which the edge tries for ever with its data on disk; a
 * password that is refused would be an answer that the exporter takes for final, and drops the data.
 */
const serverTls = {
  cert_file: '/server/tls.crt',
  key_file: '/server/tls.key',
  client_ca_file: '/clients/ca.crt',
  client_ca_file_reload: true,
  min_version: '1.3',
  reload_interval: '1h',
}

function pod(value: Value, images: {collector: string; influxdb: string}) {
  return {
    automountServiceAccountToken: false,
    securityContext: lockedPod(10001),
    initContainers: [waitForAccount(value, images.influxdb)],
    containers: [container(value, images.collector)],
    volumes: [
      configVolume('config', name),
      secretVolume('server', `${name}-server`),
      secretVolume('clients', clientCertificates),
    ],
  }
}

/**
 * What InfluxDB refuses is lost (the exporter takes a 401 for final), so a pod with a new account starts only when the
 * account is there; until then the pod with the old one goes on.
 */
function waitForAccount(value: Value, image: string) {
  return {
    name: 'account',
    image,
    imagePullPolicy: 'IfNotPresent' as const,
    command: ['/bin/sh', '-c', waitScript],
    env: [
      {name: 'STORE', value: text`${value.metricStore}`},
      {name: 'HOME', value: '/tmp'},
      secretEnv('INFLUX_USERNAME', influxdbCredentials, 'writer-user'),
      secretEnv('INFLUX_PASSWORD', influxdbCredentials, 'writer-password'),
    ],
    resources: {requests: {cpu: '10m', memory: '32Mi'}, limits: {cpu: '200m', memory: '64Mi'}},
    securityContext: {...lockedContainer, runAsUser: influxdbUser, runAsGroup: influxdbUser},
  }
}

/** Anybody who can log in may list databases. */
const waitScript = `until influx -host "\${STORE%:*}" -port "\${STORE#*:}" -execute 'SHOW DATABASES' > /dev/null 2>&1
do echo 'waiting for the account in InfluxDB'; sleep 5; done`

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
