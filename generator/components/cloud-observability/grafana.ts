import {z} from 'zod'
import {defineUpstream, type Site, type Values} from '../../component.ts'
import {bytes, described, resources} from '../../environment/fields.ts'
import {password, userName} from '../../secret.ts'
import {clusterIssuer, elasticsearchAuthority, ingressClass, revisionOf} from '../kubernetes.ts'
import {registryRepositoryAndTag} from '../upstream-image.ts'
import {dashboardConfigMap} from './dashboards.ts'
import {influxdbCredentials, metricDatabase} from './influxdb.ts'

const adminCredentials = 'grafana-admin'
const elasticsearchCredentials = 'grafana-elasticsearch'

export default defineUpstream({
  name: 'grafana',
  summary: 'Dashboards over metrics, logs and traces, with datasources and dashboards in place',
  chart: {
    repository: 'https://grafana-community.github.io/helm-charts',
    name: 'grafana',
    version: '12.11.1',
  },
  apiGroups: [],
  unusedImages: {
    downloadDashboardsImage: 'dashboards come from ConfigMaps, none from an address',
    'sidecar.image': 'every sidecar is switched off by default',
  },
  unlisted: [
    'fullnameOverride',
    'podAnnotations',
    'persistence.storageClassName',
    'ingress.ingressClassName',
    // Options of grafana.ini, which the chart prints as they are.
    'grafana.ini.analytics.reporting_enabled',
    'grafana.ini.analytics.check_for_plugin_updates',
    'grafana.ini.users',
    'grafana.ini.plugins',
    'grafana.ini.server.root_url',
  ],
  pods: [{name: 'grafana', image: 'image', resources: 'resources', volume: 'persistence.size'}],
  settings: z.strictObject({
    storage: described(bytes.default('5Gi'), 'Volume for users and own dashboards', '10Gi'),
    resources: resources({cpu: '100m', memory: '256Mi', cpuLimit: '1', memoryLimit: '512Mi'}),
  }),
  images: {grafana: {reference: 'docker.io/grafana/grafana:13.2.0', architectures: ['amd64', 'arm64', 'arm']}},
  requires: ['metricStore', 'logStore', 'traceQuery'],
  secrets: [
    {
      name: adminCredentials,
      keys: {'admin-user': userName('admin'), 'admin-password': password},
      afterRotation:
        'Grafana takes it at its first start only. Once its pod has started again: kubectl -n observability exec deploy/grafana -- sh -c \'printf %s "$GF_SECURITY_ADMIN_PASSWORD" | grafana cli admin reset-admin-password --password-from-stdin\'; sessions and tokens of service accounts end by hand, in its pages',
      purpose: 'First administrator, with a generated password',
    },
    {
      name: elasticsearchCredentials,
      keys: {username: userName('grafana'), password},
      purpose: 'User of Grafana: read and view_index_metadata on logstash-*',
    },
  ],
  values: ({settings, images}) => ({
    fullnameOverride: 'grafana',
    image: registryRepositoryAndTag(images.grafana),
    resources: settings.resources,
    testFramework: {enabled: false},
    initChownData: {enabled: false},
    deploymentStrategy: {type: 'Recreate'},
    admin: {existingSecret: adminCredentials, userKey: 'admin-user', passwordKey: 'admin-password'},
    persistence: {enabled: true, size: settings.storage},
    envValueFrom: environmentVariables,
    extraSecretMounts: [
      {name: 'elasticsearch-authority', secretName: elasticsearchAuthority, mountPath: '/authority', readOnly: true},
    ],
    'grafana.ini': {
      analytics: {reporting_enabled: false, check_for_updates: false, check_for_plugin_updates: false},
      users: {allow_sign_up: false},
      plugins: {preinstall_disabled: true},
    },
    dashboardProviders: {'dashboardproviders.yaml': {apiVersion: 1, providers: [provider]}},
    dashboardsConfigMaps: {smarter: dashboardConfigMap},
  }),
  derive: (site) => ({
    ...(site.sealed
      ? {
          podAnnotations: {
            'secret-revision': revisionOf(site, adminCredentials, influxdbCredentials, elasticsearchCredentials),
          },
        }
      : {}),
    persistence: {storageClassName: site.environment.cloud.storageClass},
    ingress: grafanaIngress(site.hostname('grafana')),
    'grafana.ini': {server: {root_url: `https://${site.hostname('grafana')}`}},
    datasources: {'datasources.yaml': {apiVersion: 1, datasources: datasources(site)}},
  }),
  comments: {
    testFramework: 'The test pod is one more image, and a hook',
    initChownData: 'The volume gets its group from the pod; no root container is needed',
    deploymentStrategy: 'The volume can be mounted once only',
    'admin.existingSecret': 'There is no default password',
    'grafana.ini.plugins': 'Nothing is fetched from the internet at a start',
    extraSecretMounts: 'The authority that signs the certificate of Elasticsearch',
    dashboardsConfigMaps: 'Made by component dashboards',
  },
})

const secretKey = (name: string, key: string) => ({secretKeyRef: {name, key}})

const environmentVariables = {
  INFLUXDB_USER: secretKey(influxdbCredentials, 'reader-user'),
  INFLUXDB_PASSWORD: secretKey(influxdbCredentials, 'reader-password'),
  ELASTICSEARCH_USER: secretKey(elasticsearchCredentials, 'username'),
  ELASTICSEARCH_PASSWORD: secretKey(elasticsearchCredentials, 'password'),
}

const provider = {
  name: 'smarter',
  orgId: 1,
  folder: 'SMARTER',
  type: 'file',
  disableDeletion: true,
  allowUiUpdates: false,
  options: {path: '/var/lib/grafana/dashboards/smarter'},
}

function grafanaIngress(host: string): Values {
  return {
    enabled: true,
    ingressClassName: ingressClass,
    annotations: {'cert-manager.io/cluster-issuer': clusterIssuer},
    hosts: [host],
    tls: [{hosts: [host], secretName: 'grafana-tls'}],
  }
}

/** Datasource options by grafana.com/docs/grafana/latest/datasources; `$` of a literal would be doubled. */
function datasources(site: Site): Values[] {
  const url = (scheme: string, {host, port}: {host: string; port: number}) => `${scheme}://${host}:${port}`
  return [
    {
      name: 'InfluxDB',
      uid: 'influxdb',
      type: 'influxdb',
      access: 'proxy',
      isDefault: true,
      url: url('http', site.endpoint('metricStore')),
      user: '$__env{INFLUXDB_USER}',
      jsonData: {dbName: metricDatabase, httpMode: 'POST', version: 'InfluxQL'},
      secureJsonData: {password: '$__env{INFLUXDB_PASSWORD}'},
    },
    {
      name: 'Elasticsearch',
      uid: 'elasticsearch',
      type: 'elasticsearch',
      access: 'proxy',
      url: url('https', site.endpoint('logStore')),
      basicAuth: true,
      basicAuthUser: '$__env{ELASTICSEARCH_USER}',
      jsonData: {
        index: 'logstash-*',
        timeField: '@timestamp',
        logMessageField: 'log',
        tlsAuthWithCACert: true,
        dataLinks: [{field: 'trace_id', datasourceUid: 'jaeger', url: '$${__value.raw}', urlDisplayLabel: 'Trace'}],
      },
      secureJsonData: {
        basicAuthPassword: '$__env{ELASTICSEARCH_PASSWORD}',
        tlsCACert: '$__file{/authority/ca.crt}',
      },
    },
    {
      name: 'Jaeger',
      uid: 'jaeger',
      type: 'jaeger',
      access: 'proxy',
      url: url('http', site.endpoint('traceQuery')),
      jsonData: {
        nodeGraph: {enabled: true},
        tracesToLogsV2: {
          datasourceUid: 'elasticsearch',
          spanStartTimeShift: '-5m',
          spanEndTimeShift: '5m',
          tags: [{key: 'k8s.node.name', value: 'kubernetes.host'}],
        },
      },
    },
  ]
}
