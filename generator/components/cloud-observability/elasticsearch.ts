import type {ISecret} from 'kubernetes-models/v1'
import {z} from 'zod'
import {configurationFile, defineComponent, type KubernetesObject, text} from '../../component.ts'
import {bytes, described, hostname, type Resources, resources, storageClass} from '../../environment/fields.ts'
import {password, type SecretValue, userName} from '../../secret.ts'
import {
  configMap,
  configVolume,
  elasticsearchAuthority,
  ingress,
  lockedContainer,
  lockedPod,
  metadata,
  type Named,
  secretEnv,
  secretVolume,
} from '../kubernetes.ts'
import {repeatedJob} from '../workloads.ts'
import {operatorRoles, rolesFile, serviceUsers} from './elasticsearch-roles.ts'

const name = 'elasticsearch'
export const elasticVersion = '9.5.2'
const retentionJobName = 'elasticsearch-retention'
const rolesName = 'elasticsearch-roles'
const retentionSecret = 'elasticsearch-retention'

export default defineComponent({
  name,
  summary: 'Stores logs and traces, one index per edge cluster and day, and deletes them when they are old',
  settings: z.strictObject({
    nodes: described(z.int().min(1).max(9).default(1), 'Number of Elasticsearch nodes', 3),
    storage: described(bytes.default('50Gi'), 'Volume of each node', '200Gi'),
    resources: resources({cpu: '500m', memory: '2Gi', cpuLimit: '4', memoryLimit: '2Gi'}),
    logRetention: described(z.int().min(1).max(3650).default(14), 'Days that logs are kept', 30),
    traceRetention: described(z.int().min(1).max(3650).default(7), 'Days that traces are kept', 14),
  }),
  derived: z.strictObject({
    host: described(hostname.default('elasticsearch.example.com'), 'Public host name'),
    storageClass: described(storageClass.default('local-path'), 'StorageClass of the volumes'),
    roles: described(z.string().default(rolesFile([])), 'roles.yml: what each user may do'),
  }),
  derive: ({hostname, environment, edgeClusters}) => ({
    host: hostname('elasticsearch'),
    storageClass: environment.cloud.storageClass,
    roles: rolesFile(edgeClusters.map(({name}) => name)),
  }),
  images: {
    elasticsearch: {
      reference: `docker.elastic.co/elasticsearch/elasticsearch:${elasticVersion}`,
      architectures: ['amd64', 'arm64'],
    },
  },
  provides: ({hostname}) => ({
    logStore: {scope: 'cluster', host: 'elasticsearch-es-http', port: 9200},
    logs: {scope: 'environment', host: hostname('elasticsearch'), port: 443},
  }),
  secrets: [
    {
      name: 'elasticsearch-users',
      keys: {users: fileRealm('users'), users_roles: fileRealm('users_roles')},
      purpose: 'File realm: operators, Grafana, Jaeger, the retention job, and one write-only user per edge cluster',
    },
    {
      name: retentionSecret,
      keys: {username: userName('retention'), password},
      purpose: 'User of the retention job, with role retention',
    },
  ],
  objects: ({value, images}) => {
    const files = {'retention.sh': configurationFile('retention.sh', retentionScript)}
    return [
      elasticsearch(value, images.elasticsearch),
      ingress({component: name, host: value.host, service: {name: 'elasticsearch-es-http', port: 9200}}),
      rolesSecret(value.roles),
      serversTransport(),
      configMap(retentionJobName, files),
      repeatedJob(retentionJobName, {
        schedule: '7 * * * *',
        pod: retentionPod(value, images.elasticsearch),
        files,
      }),
    ]
  },
})

interface Value {
  nodes: number
  storage: string
  storageClass: string
  resources: Resources
  logRetention: number
  traceRetention: number
}

/** The certificate of the HTTP layer is ECK's own: the ingress checks it and shows a public one outside. */
function elasticsearch(value: Value, image: string): KubernetesObject {
  return {
    apiVersion: 'elasticsearch.k8s.elastic.co/v1',
    kind: 'Elasticsearch',
    metadata: metadata(name),
    spec: {
      version: elasticVersion,
      image,
      volumeClaimDeletePolicy: 'DeleteOnScaledownOnly',
      auth: {fileRealm: [{secretName: 'elasticsearch-users'}], roles: [{secretName: rolesName}]},
      http: {service: {metadata: {annotations: serviceAnnotations}}},
      nodeSets: [nodeSet(value)],
    },
  } as KubernetesObject
}

/** Roles are for everybody to review; ECK takes them from a Secret only. */
function rolesSecret(roles: string): Named<ISecret> {
  return {apiVersion: 'v1', kind: 'Secret', metadata: metadata(name, rolesName), stringData: {'roles.yml': roles}}
}

function fileRealm(file: 'users' | 'users_roles'): SecretValue {
  return {kind: 'fileRealm', file, services: serviceUsers, operatorRoles}
}

const serviceAnnotations = {
  'traefik.ingress.kubernetes.io/service.serversscheme': 'https',
  'traefik.ingress.kubernetes.io/service.serverstransport': `observability-${name}@kubernetescrd`,
}

function nodeSet(value: Value) {
  return {
    name: 'default',
    count: value.nodes,
    // Without it every node would need vm.max_map_count raised by a privileged container.
    config: {'node.store.allow_mmap': false},
    podTemplate: {spec: {containers: [{name: 'elasticsearch', resources: value.resources}]}},
    volumeClaimTemplates: [
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: {name: 'elasticsearch-data'},
        spec: {
          accessModes: ['ReadWriteOnce'],
          storageClassName: value.storageClass,
          resources: {requests: {storage: value.storage}},
        },
      },
    ],
  }
}

function serversTransport(): KubernetesObject {
  return {
    apiVersion: 'traefik.io/v1alpha1',
    kind: 'ServersTransport',
    metadata: metadata(name),
    spec: {
      serverName: 'elasticsearch-es-http.observability.svc',
      rootCAs: [{secret: elasticsearchAuthority}],
    },
  } as KubernetesObject
}

/** Idempotent, so that it may run at any time; StackConfigPolicy would do the same but needs a paid licence. */
const retentionScript = `#!/bin/sh
set -eu
put() {
  curl --silent --show-error --fail --cacert /authority/ca.crt --config /tmp/login \\
    --header 'Content-Type: application/json' --request PUT --data "$2" "https://elasticsearch-es-http:9200/$1"
  echo
}
umask 077
printf 'user = "%s:%s"\\n' "$USERNAME" "$PASSWORD" > /tmp/login
policy() {
  put "_ilm/policy/$1" '{"policy":{"phases":{"hot":{"actions":{}},"delete":{"min_age":"'"$2"'d","actions":{"delete":{}}}}}}'
}
template() {
  put "_index_template/$1" '{"index_patterns":["'"$2"'"],"priority":200,"template":{"settings":{"index.lifecycle.name":"'"$1"'","index.auto_expand_replicas":"0-1"}}}'
}
policy edge-logs "$LOG_RETENTION_DAYS"
policy traces "$TRACE_RETENTION_DAYS"
template edge-logs 'logstash-*'
put 'logstash-*/_settings?allow_no_indices=true' '{"index.lifecycle.name":"edge-logs","index.auto_expand_replicas":"0-1"}'
put 'jaeger-*/_settings?allow_no_indices=true' '{"index.lifecycle.name":"traces","index.auto_expand_replicas":"0-1"}'
`

function retentionPod(value: Value, image: string) {
  return {
    automountServiceAccountToken: false,
    securityContext: lockedPod(1000),
    containers: [retentionContainer(value, image)],
    volumes: [
      configVolume('config', retentionJobName),
      secretVolume('authority', elasticsearchAuthority),
      {name: 'tmp', emptyDir: {medium: 'Memory', sizeLimit: '1Mi'}},
    ],
  }
}

function retentionContainer(value: Value, image: string) {
  return {
    name: 'retention',
    image,
    imagePullPolicy: 'IfNotPresent' as const,
    command: ['/bin/sh', '/config/retention.sh'],
    env: [
      secretEnv('USERNAME', retentionSecret, 'username'),
      secretEnv('PASSWORD', retentionSecret, 'password'),
      {name: 'LOG_RETENTION_DAYS', value: text`${value.logRetention}`},
      {name: 'TRACE_RETENTION_DAYS', value: text`${value.traceRetention}`},
    ],
    resources: {requests: {cpu: '10m', memory: '32Mi'}, limits: {cpu: '200m', memory: '64Mi'}},
    securityContext: lockedContainer,
    volumeMounts: [
      {name: 'config', mountPath: '/config', readOnly: true},
      {name: 'authority', mountPath: '/authority', readOnly: true},
      {name: 'tmp', mountPath: '/tmp'},
    ],
  }
}
