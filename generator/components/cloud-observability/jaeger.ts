import {z} from 'zod'
import {configurationFile, defineComponent} from '../../component.ts'
import {described, hostname, type Resources, resources} from '../../environment/fields.ts'
import {password, userName} from '../../secret.ts'
import {maxMessageMebibytes} from '../collector.ts'
import {
  configMap,
  configVolume,
  elasticsearchAuthority,
  httpProbe,
  ingress,
  lockedContainer,
  lockedPod,
  loginAnnotation,
  loginMiddleware,
  operatorLogin,
  secretEnv,
  secretVolume,
  service,
} from '../kubernetes.ts'
import {deployment} from '../workloads.ts'

const name = 'jaeger'
const credentials = 'jaeger-elasticsearch'
/** The ports of cmd/jaeger/config-elasticsearch.yaml. */
const ports = {otlp: 4317, query: 16686, queryGrpc: 16685, health: 13133}

export default defineComponent({
  name,
  summary: 'Stores traces in Elasticsearch and shows them',
  settings: z.strictObject({
    resources: resources({cpu: '100m', memory: '256Mi', cpuLimit: '2', memoryLimit: '512Mi'}),
  }),
  derived: z.strictObject({
    host: described(hostname.default('jaeger-query.example.com'), 'Public host name of the user interface'),
    elasticsearchUrl: described(
      z
        .string()
        .regex(/^https:\/\/[a-z0-9.-]+:[0-9]+$/)
        .default('https://elasticsearch-es-http:9200'),
      'Where spans are stored',
    ),
  }),
  derive: ({hostname, endpoint}) => ({
    host: hostname('jaeger-query'),
    elasticsearchUrl: `https://${endpoint('logStore').host}:${endpoint('logStore').port}`,
  }),
  images: {jaeger: {reference: 'docker.io/jaegertracing/jaeger:2.20.0', architectures: ['amd64', 'arm64']}},
  provides: () => ({
    traceStore: {scope: 'cluster', host: name, port: ports.otlp},
    traceQuery: {scope: 'cluster', host: name, port: ports.query},
  }),
  requires: ['logStore'],
  secrets: [
    {
      name: credentials,
      keys: {username: userName('jaeger'), password},
      afterRotation: 'until Jaeger has read the new password, a minute or so, Elasticsearch refuses what it writes',
      purpose: 'User of Jaeger, with role jaeger',
    },
    operatorLogin,
  ],
  objects: ({value, images}) => {
    const files = {'jaeger.yaml': configurationFile('jaeger.yaml', configuration(value.elasticsearchUrl))}
    return [
      deployment(name, {replicas: 1, pod: pod(images.jaeger, value.resources), files}),
      service(name, [
        {name: 'otlp', port: ports.otlp, targetPort: 'otlp'},
        {name: 'query', port: ports.query, targetPort: 'query'},
      ]),
      configMap(name, files),
      loginMiddleware(name),
      ingress({
        component: name,
        host: value.host,
        service: {name, port: ports.query},
        annotations: loginAnnotation(name),
      }),
    ]
  },
})

/** Keys of jaegertracing/jaeger cmd/jaeger/config-elasticsearch.yaml and internal/storage/elasticsearch/config. */
function configuration(elasticsearchUrl: string) {
  const any = (port: number) => `0.0.0.0:${port}`
  return {
    extensions: {
      healthcheckv2: {use_v2: true, http: {endpoint: any(ports.health)}},
      jaeger_query: {
        storage: {traces: 'main'},
        http: {endpoint: any(ports.query)},
        grpc: {endpoint: any(ports.queryGrpc)},
      },
      jaeger_storage: {
        backends: {
          main: {
            elasticsearch: {
              server_urls: [elasticsearchUrl],
              auth: {basic: {username: '${env:ES_USERNAME}', password_file: '/credentials/password'}},
              tls: {ca_file: '/authority/ca.crt'},
              indices: {
                spans: {date_layout: '2006-01-02', rollover_frequency: 'day', shards: 1, replicas: 0},
                services: {date_layout: '2006-01-02', rollover_frequency: 'day', shards: 1, replicas: 0},
                dependencies: {date_layout: '2006-01-02', rollover_frequency: 'day', shards: 1, replicas: 0},
                sampling: {date_layout: '2006-01-02', rollover_frequency: 'day', shards: 1, replicas: 0},
              },
            },
          },
        },
      },
    },
    receivers: {otlp: {protocols: {grpc: {endpoint: any(ports.otlp), max_recv_msg_size_mib: maxMessageMebibytes}}}},
    // No batching here: it would acknowledge what is only in memory.
    processors: {memory_limiter: {check_interval: '1s', limit_percentage: 80, spike_limit_percentage: 15}},
    exporters: {jaeger_storage_exporter: {trace_storage: 'main'}},
    service: {
      extensions: ['healthcheckv2', 'jaeger_storage', 'jaeger_query'],
      pipelines: {
        traces: {receivers: ['otlp'], processors: ['memory_limiter'], exporters: ['jaeger_storage_exporter']},
      },
    },
  }
}

function pod(image: string, resources: Resources) {
  return {
    automountServiceAccountToken: false,
    securityContext: lockedPod(10001),
    containers: [container(image, resources)],
    volumes: [
      configVolume('config', name),
      secretVolume('credentials', credentials),
      secretVolume('authority', elasticsearchAuthority),
    ],
  }
}

function container(image: string, resources: Resources) {
  return {
    name,
    image,
    imagePullPolicy: 'IfNotPresent' as const,
    args: ['--config', '/config/jaeger.yaml'],
    env: [secretEnv('ES_USERNAME', credentials, 'username')],
    ports: [
      {name: 'otlp', containerPort: ports.otlp},
      {name: 'query', containerPort: ports.query},
      {name: 'health', containerPort: ports.health},
    ],
    startupProbe: {...httpProbe('/status', ports.health), failureThreshold: 40},
    readinessProbe: httpProbe('/status', ports.health),
    livenessProbe: httpProbe('/status', ports.health),
    resources,
    securityContext: lockedContainer,
    volumeMounts: [
      {name: 'config', mountPath: '/config', readOnly: true},
      {name: 'credentials', mountPath: '/credentials', readOnly: true},
      {name: 'authority', mountPath: '/authority', readOnly: true},
    ],
  }
}
