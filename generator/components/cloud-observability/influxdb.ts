import type {INetworkPolicy} from 'kubernetes-models/networking.k8s.io/v1'
import {z} from 'zod'
import {configurationFile, defineComponent, type ImageDefinition, selectorOf, text} from '../../component.ts'
import {bytes, described, type Resources, resources, storageClass} from '../../environment/fields.ts'
import {password, userName} from '../../secret.ts'
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
import {repeatedJob, statefulSet} from '../workloads.ts'

const name = 'influxdb'
const credentials = 'influxdb-credentials'
/** InfluxDB refuses less than an hour: docs.influxdata.com/influxdb/v1/query_language/manage-database. */
const retention = z
  .string({error: 'expected a duration such as 12h or 30d'})
  .regex(/^[1-9][0-9]{0,4}(h|d)$/, {error: 'expected a number of hours or days, such as 12h or 30d'})
/** The user of the image: influxdata-docker, influxdb/1.12/alpine/Dockerfile. */
export const influxdbUser = 1500
const accountsJobName = 'influxdb-accounts'
/** Database of 2020, kept so that existing dashboards find their data. */
export const metricDatabase = 'opentsdb'
export const influxdbCredentials = credentials
export const influxdbImage: ImageDefinition = {
  reference: 'docker.io/library/influxdb:1.12.4-alpine',
  architectures: ['amd64', 'arm64'],
}

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
  images: {influxdb: influxdbImage},
  provides: () => ({
    metricStore: {scope: 'cluster', host: name, port: 8086},
    metricExport: {scope: 'cluster', host: name, port: 4242},
  }),
  secrets: [
    {
      name: credentials,
      keys: {
        'admin-user': userName('admin'),
        'admin-password': password,
        'previous-admin-password': {kind: 'previous', of: 'admin-password'},
        'writer-user': {kind: 'account', prefix: 'writer'},
        'writer-password': password,
        'previous-writer-user': {kind: 'previous', of: 'writer-user'},
        'reader-user': {kind: 'account', prefix: 'reader'},
        'reader-password': password,
        'previous-reader-user': {kind: 'previous', of: 'reader-user'},
      },
      purpose: 'Administrator, the gateway as writer, Grafana as reader',
    },
  ],
  objects: ({value, images}) => {
    const files = {
      'influxdb.conf': configurationFile('influxdb.conf', configuration),
      'accounts.sh': configurationFile('accounts.sh', accountsScript),
    }
    return [
      statefulSet(name, {pod: pod(value, images.influxdb), files, volume: value}),
      service(name, [
        {name: 'http', port: 8086, targetPort: 'http'},
        {name: 'opentsdb', port: 4242, targetPort: 'opentsdb'},
      ]),
      configMap(name, files),
      repeatedJob(accountsJobName, {schedule: '*/5 * * * *', pod: accountsPod(value.retention, images.influxdb)}),
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

/**
 * Brings InfluxDB to what the Secret and the settings say: the image makes accounts at the first start only. An account
 * that has been rotated goes on for some rotations, so that nothing that still uses it is refused. Statements go
 * through standard input, because arguments can be seen by every process of the node.
 */
const accountsScript = `#!/bin/sh
set -eu
export INFLUX_USERNAME="$ADMIN_USER"
as() {
  INFLUX_PASSWORD="$1" influx -host influxdb
}
run() {
  printf '%s' "$1" | as "$ADMIN_PASSWORD"
}
works() {
  printf 'SHOW DATABASES' | as "$1" > /dev/null 2>&1
}
for previous in $PREVIOUS_ADMIN_PASSWORD; do
  works "$ADMIN_PASSWORD" && break
  works "$previous" || continue
  printf "SET PASSWORD FOR \\"%s\\" = '%s'" "$ADMIN_USER" "$ADMIN_PASSWORD" | as "$previous"
done
run 'CREATE DATABASE "${metricDatabase}"'
run "ALTER RETENTION POLICY \\"autogen\\" ON \\"${metricDatabase}\\" DURATION $RETENTION DEFAULT"
users=$(printf 'SHOW USERS' | INFLUX_PASSWORD="$ADMIN_PASSWORD" influx -host influxdb -format csv | cut -d , -f 1)
account() {
  case " $(echo $users) " in
    *" $1 "*) run "SET PASSWORD FOR \\"$1\\" = '$2'" ;;
    *) run "CREATE USER \\"$1\\" WITH PASSWORD '$2'" ;;
  esac
  run "GRANT $3 ON \\"${metricDatabase}\\" TO \\"$1\\""
}
account "$WRITER_USER" "$WRITER_PASSWORD" WRITE
account "$READER_USER" "$READER_PASSWORD" READ
for user in $users; do
  case " $WRITER_USER $PREVIOUS_WRITER_USER $READER_USER $PREVIOUS_READER_USER " in
    *" $user "*) continue ;;
  esac
  case "$user" in
    writer-* | reader-*) run "DROP USER \\"$user\\"" ;;
  esac
done
`

interface Value {
  storage: string
  storageClass: string
  resources: Resources
}

function pod(value: Value, image: string) {
  return {
    automountServiceAccountToken: false,
    securityContext: lockedPod(influxdbUser),
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

function accountsPod(retention: string, image: string) {
  return {
    automountServiceAccountToken: false,
    securityContext: lockedPod(influxdbUser),
    containers: [accountsContainer(retention, image)],
    volumes: [configVolume('config', name)],
  }
}

function accountsContainer(retention: string, image: string) {
  return {
    name: 'accounts',
    image,
    imagePullPolicy: 'IfNotPresent' as const,
    command: ['/bin/sh', '/config/accounts.sh'],
    env: [
      {name: 'RETENTION', value: text`${retention}`},
      {name: 'HOME', value: '/tmp'},
      secretEnv('ADMIN_USER', credentials, 'admin-user'),
      secretEnv('ADMIN_PASSWORD', credentials, 'admin-password'),
      secretEnv('PREVIOUS_ADMIN_PASSWORD', credentials, 'previous-admin-password'),
      secretEnv('WRITER_USER', credentials, 'writer-user'),
      secretEnv('WRITER_PASSWORD', credentials, 'writer-password'),
      secretEnv('PREVIOUS_WRITER_USER', credentials, 'previous-writer-user'),
      secretEnv('READER_USER', credentials, 'reader-user'),
      secretEnv('READER_PASSWORD', credentials, 'reader-password'),
      secretEnv('PREVIOUS_READER_USER', credentials, 'previous-reader-user'),
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
        {from: from('grafana', 'otel-gateway', accountsJobName), ports: [{port: 8086, protocol: 'TCP'}]},
        {from: from('netdata-parent'), ports: [{port: 4242, protocol: 'TCP'}]},
      ],
    },
  }
}
