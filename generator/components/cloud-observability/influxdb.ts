import type {INetworkPolicy} from 'kubernetes-models/networking.k8s.io/v1'
import {z} from 'zod'
import {configurationFile, defineComponent, selectorOf, text} from '../../component.ts'
import {bytes, described, type Resources, resources, storageClass} from '../../environment/fields.ts'
import {
  configMap,
  configVolume,
  httpProbe,
  lockedContainer,
  lockedPod,
  metadata,
  type Named,
  secretEnv,
  service,
} from '../kubernetes.ts'
import {hourlyJob, statefulSet} from '../workloads.ts'

const name = 'influxdb'
const credentials = 'influxdb-credentials'
/** InfluxDB refuses less than an hour: docs.influxdata.com/influxdb/v1/query_language/manage-database. */
const retention = z
  .string({error: 'expected a duration such as 12h or 30d'})
  .regex(/^[1-9][0-9]{0,4}(h|d)$/, {error: 'expected a number of hours or days, such as 12h or 30d'})
/** The user of the image: influxdata-docker, influxdb/1.12/alpine/Dockerfile. */
const user = 1500
const retentionJobName = 'influxdb-retention'
/** Database of 2020, kept so that existing dashboards find their data. */
export const metricDatabase = 'opentsdb'
export const influxdbCredentials = credentials

export default defineComponent({
  name,
  summary: 'Stores the metrics for long, in database opentsdb, and listens for OpenTSDB as in 2020',
  settings: z.strictObject({
    storage: described(bytes.default('20Gi'), 'Volume of the database; it cannot be changed once it is there', '100Gi'),
    retention: described(retention.default('30d'), 'How long metrics are kept', '90d'),
    resources: resources({cpu: '200m', memory: '512Mi', cpuLimit: '2', memoryLimit: '2Gi'}),
  }),
  derived: z.strictObject({
    storageClass: described(storageClass.default('local-path'), 'StorageClass of the volume'),
  }),
  derive: ({environment}) => ({storageClass: environment.cloud.storageClass}),
  images: {influxdb: {reference: 'docker.io/library/influxdb:1.12.4-alpine', architectures: ['amd64', 'arm64']}},
  provides: () => ({
    metricStore: {scope: 'cluster', host: name, port: 8086},
    metricExport: {scope: 'cluster', host: name, port: 4242},
  }),
  secrets: [
    {
      name: credentials,
      keys: ['admin-user', 'admin-password', 'writer-user', 'writer-password', 'reader-user', 'reader-password'],
      purpose: 'Administrator, the gateway as writer, Grafana as reader',
    },
  ],
  objects: ({value, images}) => {
    const files = {
      'influxdb.conf': configurationFile('influxdb.conf', configuration),
      'retention.sh': configurationFile('retention.sh', retentionScript),
    }
    return [
      statefulSet(name, {pod: pod(value, images.influxdb), files, volume: value}),
      service(name, [
        {name: 'http', port: 8086, targetPort: 'http'},
        {name: 'opentsdb', port: 4242, targetPort: 'opentsdb'},
      ]),
      configMap(name, files),
      hourlyJob(retentionJobName, {minute: 17, pod: retentionPod(value.retention, images.influxdb)}),
      networkPolicy(),
    ]
  },
})

/** Options of etc/config.sample.toml of InfluxDB 1.12. */
const configuration = `reporting-disabled = true

[meta]
  dir = "/var/lib/influxdb/meta"

[data]
  dir = "/var/lib/influxdb/data"
  wal-dir = "/var/lib/influxdb/wal"
  index-version = "tsi1"
  query-log-enabled = false
  max-values-per-tag = 0

[http]
  bind-address = ":8086"
  auth-enabled = true
  log-enabled = false
  flux-enabled = false

[[opentsdb]]
  enabled = true
  bind-address = ":4242"
  database = "${metricDatabase}"
  retention-policy = ""
  batch-size = 1000
  batch-timeout = "1s"
`

const retentionScript = `#!/bin/sh
set -eu
influx -host influxdb -execute 'CREATE DATABASE "${metricDatabase}"'
influx -host influxdb -execute "ALTER RETENTION POLICY \\"autogen\\" ON \\"${metricDatabase}\\" DURATION $RETENTION DEFAULT"
`

interface Value {
  storage: string
  storageClass: string
  resources: Resources
}

function pod(value: Value, image: string) {
  return {
    automountServiceAccountToken: false,
    securityContext: lockedPod(user),
    terminationGracePeriodSeconds: 120,
    containers: [container(value, image)],
    volumes: [configVolume('config', name), {name: 'tmp', emptyDir: {}}],
  }
}

function container(value: Value, image: string) {
  return {
    name,
    image,
    imagePullPolicy: 'IfNotPresent' as const,
    args: ['influxd', '-config', '/etc/influxdb/influxdb.conf'],
    env: [
      {name: 'INFLUXDB_HTTP_AUTH_ENABLED', value: 'true'},
      {name: 'INFLUXDB_DB', value: metricDatabase},
      secretEnv('INFLUXDB_ADMIN_USER', credentials, 'admin-user'),
      secretEnv('INFLUXDB_ADMIN_PASSWORD', credentials, 'admin-password'),
      secretEnv('INFLUXDB_WRITE_USER', credentials, 'writer-user'),
      secretEnv('INFLUXDB_WRITE_USER_PASSWORD', credentials, 'writer-password'),
      secretEnv('INFLUXDB_READ_USER', credentials, 'reader-user'),
      secretEnv('INFLUXDB_READ_USER_PASSWORD', credentials, 'reader-password'),
    ],
    ports: [
      {name: 'http', containerPort: 8086},
      {name: 'opentsdb', containerPort: 4242},
    ],
    startupProbe: {...httpProbe('/ping', 8086), failureThreshold: 40},
    readinessProbe: httpProbe('/ping', 8086),
    livenessProbe: httpProbe('/ping', 8086),
    resources: value.resources,
    securityContext: lockedContainer,
    volumeMounts: [
      {name: 'data', mountPath: '/var/lib/influxdb'},
      {name: 'config', mountPath: '/etc/influxdb', readOnly: true},
      {name: 'tmp', mountPath: '/tmp'},
    ],
  }
}

function retentionPod(retention: string, image: string) {
  return {
    automountServiceAccountToken: false,
    securityContext: lockedPod(user),
    containers: [retentionContainer(retention, image)],
    volumes: [configVolume('config', name)],
  }
}

function retentionContainer(retention: string, image: string) {
  return {
    name: 'retention',
    image,
    imagePullPolicy: 'IfNotPresent' as const,
    command: ['/bin/sh', '/config/retention.sh'],
    env: [
      {name: 'RETENTION', value: text`${retention}`},
      {name: 'HOME', value: '/tmp'},
      secretEnv('INFLUX_USERNAME', credentials, 'admin-user'),
      secretEnv('INFLUX_PASSWORD', credentials, 'admin-password'),
    ],
    resources: {requests: {cpu: '10m', memory: '32Mi'}, limits: {cpu: '200m', memory: '64Mi'}},
    securityContext: lockedContainer,
    volumeMounts: [{name: 'config', mountPath: '/config', readOnly: true}],
  }
}

/** The OpenTSDB listener has no login, so only the Netdata parent may reach it. */
function networkPolicy(): Named<INetworkPolicy> {
  const from = (...components: string[]) =>
    components.map((component) => ({podSelector: {matchLabels: {'app.kubernetes.io/name': component}}}))
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: metadata(name),
    spec: {
      podSelector: {matchLabels: selectorOf(name)},
      policyTypes: ['Ingress'],
      ingress: [
        {from: from('grafana', 'otel-gateway', retentionJobName), ports: [{port: 8086, protocol: 'TCP'}]},
        {from: from('netdata-parent'), ports: [{port: 4242, protocol: 'TCP'}]},
      ],
    },
  }
}
