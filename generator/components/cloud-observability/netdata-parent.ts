import {z} from 'zod'
import {configurationFile, defineComponent, ini, text, when} from '../../component.ts'
import {
  bytes,
  described,
  hostAndPort,
  hostname,
  type Resources,
  resources,
  storageClass,
} from '../../environment/fields.ts'
import {streamKeyPerEdge} from '../../secret.ts'
import {metricStreamEntryPoint} from '../cloud-platform/traefik.ts'
import {
  configMap,
  configVolume,
  ingress,
  loginAnnotation,
  loginMiddleware,
  operatorLogin,
  passthrough,
  secretVolume,
  serverCertificate,
  service,
} from '../kubernetes.ts'
import {
  fingerprint,
  fingerprintFile,
  freshProbe,
  netdataCapabilities,
  netdataEnvironment,
  netdataImage,
  netdataLogs,
  netdataProbe,
  ownFolders,
} from '../netdata.ts'
import {statefulSet} from '../workloads.ts'

const name = 'netdata-parent'
const keys = 'netdata-stream-keys'
const ports = {dashboard: 19998, stream: 19999}

export default defineComponent({
  name,
  summary: 'Shows the metrics of every node as they are now, streamed from the edge over TLS',
  settings: z.strictObject({
    storage: described(
      bytes.default('20Gi'),
      'Volume of the metric database; it cannot be changed once it is there',
      '50Gi',
    ),
    retentionMebibytes: described(
      z.int().min(256).max(1048576).default(16384),
      'Size of the metric database; must fit into the volume',
      16384,
    ),
    replicationPeriod: described(
      z
        .string()
        .regex(/^[1-9][0-9]{0,2}d$/, {error: 'expected a number of days such as 7d'})
        .default('7d'),
      'How far back an edge node fills its gap after an outage',
      '7d',
    ),
    openTsdbExport: described(
      z.boolean({error: 'expected true or false'}).default(false),
      'Also export to InfluxDB over OpenTSDB, as in 2020; it sends the present only, so outages leave gaps',
      true,
    ),
    resources: resources({cpu: '200m', memory: '512Mi', cpuLimit: '2', memoryLimit: '2Gi'}),
  }),
  derived: z.strictObject({
    host: described(hostname.default('netdata.example.com'), 'Public host name of the dashboard and the stream'),
    storageClass: described(storageClass.default('local-path'), 'StorageClass of the volume'),
    metricExport: described(hostAndPort.default('influxdb:4242'), 'Where the OpenTSDB export goes'),
  }),
  derive: ({hostname, environment, endpoint}) => ({
    host: hostname('netdata'),
    storageClass: environment.cloud.storageClass,
    metricExport: `${endpoint('metricExport').host}:${endpoint('metricExport').port}`,
  }),
  images: {netdata: netdataImage},
  provides: ({hostname}) => ({
    metricStream: {scope: 'environment', host: hostname('netdata'), port: ports.stream},
  }),
  requires: ['metricExport'],
  secrets: [
    {name: keys, keys: streamKeyPerEdge, purpose: 'One entry per edge cluster: its name and its stream key, a UUID'},
    operatorLogin,
  ],
  objects: ({value, images}) => {
    const files = {
      'netdata.conf': configurationFile('netdata.conf', netdataConf(value)),
      'exporting.conf': configurationFile('exporting.conf', exportingConf(value)),
      'start.sh': configurationFile('start.sh', startScript),
    }
    return [
      statefulSet(name, {pod: pod(value, images.netdata), files, volume: value}),
      service(name, [
        {name: 'dashboard', port: ports.dashboard, targetPort: 'dashboard'},
        {name: 'stream', port: ports.stream, targetPort: 'stream'},
      ]),
      configMap(name, files),
      serverCertificate(name, value.host),
      passthrough({
        component: name,
        entryPoint: metricStreamEntryPoint,
        // Children before Netdata 2.10 send no server name: everything on this port is for the parent.
        match: 'HostSNI(`*`)',
        port: ports.stream,
      }),
      loginMiddleware(name),
      ingress({
        component: name,
        host: value.host,
        service: {name, port: ports.dashboard},
        annotations: loginAnnotation(name),
      }),
    ]
  },
})

interface Value {
  storage: string
  storageClass: string
  retentionMebibytes: number
  replicationPeriod: string
  openTsdbExport: boolean
  metricExport: string
  resources: Resources
}

/**
 * Streams are accepted on one port, over TLS only; the dashboard listens on another for the ingress, which speaks
 * plain HTTP: without `SSL=optional` Netdata would redirect every page to itself.
 */
function netdataConf(value: Value): string {
  return ini({
    global: {hostname: 'netdata-parent'},
    db: {
      db: 'dbengine',
      'dbengine tier 0 retention size': text`${value.retentionMebibytes}MiB`,
      'replication period': value.replicationPeriod,
    },
    web: {
      'bind to': `*:${ports.dashboard}=dashboard|registry|badges^SSL=optional *:${ports.stream}=streaming^SSL=force`,
      'ssl certificate': '/server/tls.crt',
      'ssl key': '/server/tls.key',
      'tls version': '1.3',
    },
    logs: netdataLogs,
    ml: {enabled: 'no'},
    plugins: {'enable running new plugins': 'no', proc: 'no', cgroups: 'no', diskspace: 'no', apps: 'no'},
    registry: {enabled: 'no'},
  })
}

/** The parent's own host is left out: only what the edges stream is exported. */
function exportingConf(value: Value): string {
  return ini({
    'exporting:global': {enabled: when(value.openTsdbExport, 'yes')},
    'opentsdb:influxdb': {
      enabled: when(value.openTsdbExport, 'yes'),
      destination: value.metricExport,
      'data source': 'average',
      'update every': '10',
      'buffer on failures': '100',
      'send hosts matching': '!localhost *',
      'send names instead of ids': 'yes',
    },
  })
}

/** Netdata reads them at its start only. */
const inputs = '/keys/* /server/tls.crt'

/** A section per edge cluster from the Secret: a key that is not in it is refused. */
const startScript = `#!/bin/sh
set -eu
umask 077
cp /config/netdata.conf /config/exporting.conf /etc/netdata/
{
  printf '[stream]\\n    enabled = no\\n'
  for file in /keys/*; do
    [ -f "$file" ] || continue
    printf '[%s]\\n    type = api\\n    enabled = yes\\n    db = dbengine\\n    health enabled = auto\\n' "$(cat "$file")"
  done
} > /etc/netdata/stream.conf
${fingerprint(inputs)} > ${fingerprintFile}
${ownFolders}
exec /usr/sbin/run.sh
`

function pod(value: Value, image: string) {
  return {
    automountServiceAccountToken: false,
    securityContext: {fsGroup: 201, seccompProfile: {type: 'RuntimeDefault' as const}},
    terminationGracePeriodSeconds: 120,
    containers: [container(value, image)],
    volumes: [
      configVolume('config', name),
      secretVolume('keys', keys, {optional: true}),
      secretVolume('server', `${name}-server`),
      {name: 'etc', emptyDir: {medium: 'Memory', sizeLimit: '16Mi'}},
      {name: 'tmp', emptyDir: {}},
      {name: 'run', emptyDir: {}},
      {name: 'log', emptyDir: {sizeLimit: '64Mi'}},
    ],
  }
}

function container(value: Value, image: string) {
  return {
    name: 'netdata',
    image,
    imagePullPolicy: 'IfNotPresent' as const,
    command: ['/bin/sh', '/config/start.sh'],
    env: [...netdataEnvironment, {name: 'NETDATA_LISTENER_PORT', value: `${ports.dashboard}`}],
    ports: [
      {name: 'dashboard', containerPort: ports.dashboard},
      {name: 'stream', containerPort: ports.stream},
    ],
    startupProbe: {...netdataProbe, periodSeconds: 10, failureThreshold: 30},
    readinessProbe: netdataProbe,
    livenessProbe: freshProbe(inputs),
    resources: value.resources,
    securityContext: {
      allowPrivilegeEscalation: true,
      readOnlyRootFilesystem: true,
      capabilities: {drop: ['ALL'], add: [...netdataCapabilities]},
    },
    volumeMounts: [
      {name: 'config', mountPath: '/config', readOnly: true},
      {name: 'keys', mountPath: '/keys', readOnly: true},
      {name: 'server', mountPath: '/server', readOnly: true},
      {name: 'etc', mountPath: '/etc/netdata'},
      {name: 'tmp', mountPath: '/tmp'},
      {name: 'run', mountPath: '/run/netdata'},
      {name: 'log', mountPath: '/var/log/netdata'},
      {name: 'data', mountPath: '/var/lib/netdata', subPath: 'lib'},
      {name: 'data', mountPath: '/var/cache/netdata', subPath: 'cache'},
    ],
  }
}
