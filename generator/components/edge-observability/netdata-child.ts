import {z} from 'zod'
import {configurationFile, defineComponent, ini, text} from '../../component.ts'
import {described, type Resources, resources} from '../../environment/fields.ts'
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
import {configMap, configVolume, fieldEnv, hostVolume, secretVolume} from '../kubernetes.ts'
import {
  fillFunction,
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
import {clusterAccount, readPodsOfNode} from '../rbac.ts'
import {daemonSet} from '../workloads.ts'

const name = 'netdata-child'
const streamKey = 'netdata-stream'

export default defineComponent({
  name,
  summary: 'Measures the node and its containers every second, keeps them on disk, and streams them to the parent',
  settings: z.strictObject({
    updateEvery: described(z.int().min(1).max(60).default(1), 'Seconds between two measurements', 5),
    retentionMebibytes: described(
      z.int().min(32).max(65536).default(512),
      'Size of the metric database on the disk of the node: what an outage may need',
      1024,
    ),
    exportEvery: described(
      z.int().min(1).max(300).default(60),
      'Seconds whose average goes into the long-term store',
      10,
    ),
    resources: resources({cpu: '50m', memory: '64Mi', cpuLimit: '500m', memoryLimit: '192Mi'}),
  }),
  derived: z.strictObject({
    ...upstreamShape('netdata.example.com'),
    metricsPort: described(z.int().min(1).max(65535).default(12003), "Port of the node's collector for metrics"),
  }),
  derive: (site) => ({...upstream(site, 'metricStream'), metricsPort: site.endpoint('nodeMetrics').port}),
  images: {netdata: netdataImage},
  requires: ['metricStream', 'nodeMetrics'],
  secrets: [
    {
      name: streamKey,
      keys: {'api-key': {kind: 'identity', part: 'streamKey'}},
      purpose: 'Stream key of this edge cluster, a UUID',
    },
    authority,
  ],
  objects: ({value, images}) => {
    const files = {
      'netdata.conf': configurationFile('netdata.conf', netdataConf(value)),
      'stream.conf': configurationFile('stream.conf', streamConf(value)),
      'exporting.conf': configurationFile('exporting.conf', exportingConf(value)),
      'start.sh': configurationFile('start.sh', startScript),
    }
    return [
      daemonSet(name, {
        files,
        pod: {
          ...agentPod,
          hostPID: true,
          serviceAccountName: name,
          // The daemon reads the authority of the cloud as user netdata.
          securityContext: {fsGroup: 201, seccompProfile: {type: 'Unconfined'}, appArmorProfile: {type: 'Unconfined'}},
          containers: [container(images.netdata, value.resources)],
          volumes,
        },
      }),
      configMap(name, files),
      ...clusterAccount(name, [
        readPodsOfNode,
        {apiGroups: [''], resources: ['namespaces'], resourceNames: ['kube-system'], verbs: ['get']},
      ]),
    ]
  },
})

interface Value {
  cluster: string
  host: string
  port: number
  authorityFile: string
  metricsPort: number
  updateEvery: number
  retentionMebibytes: number
  exportEvery: number
}

/** Headless: the parent shows, alarms and learns; the child only measures and keeps. */
function netdataConf(value: Value): string {
  return ini({
    global: {hostname: '@NODE_NAME@', 'is ephemeral node': 'no'},
    db: {
      db: 'dbengine',
      'update every': text`${value.updateEvery}`,
      'storage tiers': '1',
      'dbengine tier 0 retention size': text`${value.retentionMebibytes}MiB`,
      'dbengine page cache size': '16MiB',
      'cleanup obsolete charts after': '7d',
    },
    'host labels': {cluster: value.cluster},
    web: {mode: 'none'},
    health: {enabled: 'no'},
    logs: netdataLogs,
    ml: {enabled: 'no'},
    registry: {enabled: 'no'},
    plugins: {
      'enable running new plugins': 'no',
      proc: 'yes',
      diskspace: 'yes',
      cgroups: 'yes',
      apps: 'yes',
      // Internal plugins that the switch above does not reach.
      statsd: 'no',
      tc: 'no',
      idlejitter: 'no',
      timex: 'no',
    },
  })
}

function streamConf(value: Value): string {
  return ini({
    stream: {
      enabled: 'yes',
      destination: text`tcp:${value.host}:${value.port}:SSL`,
      'api key': '@STREAM_KEY@',
      CAfile: value.authorityFile,
      'ssl skip certificate verification': 'no',
      'enable compression': 'yes',
      'reconnect delay': '15s',
    },
  })
}

/** Averages for the long-term store, through the collector of the node and its queue on disk. */
function exportingConf(value: Value): string {
  return ini({
    'exporting:global': {enabled: 'yes'},
    'graphite:edge': {
      enabled: 'yes',
      destination: text`127.0.0.1:${value.metricsPort}`,
      'data source': 'average',
      'update every': text`${value.exportEvery}`,
      'buffer on failures': '100',
      'send names instead of ids': 'yes',
      'send configured labels': 'no',
      'send automatic labels': 'no',
    },
  })
}

/** Netdata reads them at its start only. */
const inputs = '/identity/api-key /authority/ca.crt'

const startScript = `#!/bin/sh
set -eu
umask 077
${fillFunction}
fill @NODE_NAME@ "$NODE_NAME" < /config/netdata.conf > /etc/netdata/netdata.conf
fill @STREAM_KEY@ "$(cat /identity/api-key)" < /config/stream.conf > /etc/netdata/stream.conf
cp /config/exporting.conf /etc/netdata/exporting.conf
${fingerprint(inputs)} > ${fingerprintFile}
${ownFolders}
exec /usr/sbin/run.sh
`

const volumes = [
  configVolume('config', name),
  secretVolume('identity', streamKey),
  authorityVolume,
  hostVolume('state', `${stateFolder}/netdata`, 'DirectoryOrCreate'),
  hostVolume('proc', '/proc', 'Directory'),
  hostVolume('sys', '/sys', 'Directory'),
  hostVolume('os-release', '/etc/os-release', 'File'),
  hostVolume('root', '/', 'Directory'),
  {name: 'etc', emptyDir: {medium: 'Memory', sizeLimit: '16Mi'}},
  {name: 'tmp', emptyDir: {sizeLimit: '16Mi'}},
  {name: 'run', emptyDir: {sizeLimit: '1Mi'}},
  {name: 'log', emptyDir: {sizeLimit: '16Mi'}},
]

/** Not privileged: SYS_PTRACE reads the processes of the node, SYS_ADMIN enters the network of a container. */
function container(image: string, resources: Resources) {
  return {
    name: 'netdata',
    image,
    imagePullPolicy: 'IfNotPresent' as const,
    command: ['/bin/sh', '/config/start.sh'],
    env: [
      ...netdataEnvironment,
      nodeNameEnv,
      fieldEnv('MY_NODE_NAME', 'spec.nodeName'),
      {name: 'NETDATA_LISTENER_PORT', value: '19999'},
      // Names of pods come from the kubelet of the node, so they are there when the API server is not.
      {name: 'USE_KUBELET_FOR_PODS_METADATA', value: '1'},
      {name: 'KUBELET_URL', value: 'https://127.0.0.1:10250'},
    ],
    startupProbe: {...netdataProbe, periodSeconds: 10, failureThreshold: 30},
    readinessProbe: netdataProbe,
    livenessProbe: freshProbe(inputs),
    resources,
    securityContext: {
      allowPrivilegeEscalation: true,
      readOnlyRootFilesystem: true,
      capabilities: {drop: ['ALL'], add: [...netdataCapabilities, 'SYS_ADMIN', 'SYS_PTRACE']},
    },
    volumeMounts: [
      {name: 'config', mountPath: '/config', readOnly: true},
      {name: 'identity', mountPath: '/identity', readOnly: true},
      authorityMount,
      {name: 'state', mountPath: '/var/lib/netdata', subPath: 'lib'},
      {name: 'state', mountPath: '/var/cache/netdata', subPath: 'cache'},
      {name: 'proc', mountPath: '/host/proc', readOnly: true},
      {name: 'sys', mountPath: '/host/sys', readOnly: true},
      {name: 'os-release', mountPath: '/host/etc/os-release', readOnly: true},
      {name: 'root', mountPath: '/host/root', readOnly: true, mountPropagation: 'HostToContainer' as const},
      {name: 'etc', mountPath: '/etc/netdata'},
      {name: 'tmp', mountPath: '/tmp'},
      {name: 'run', mountPath: '/run/netdata'},
      {name: 'log', mountPath: '/var/log/netdata'},
    ],
  }
}
