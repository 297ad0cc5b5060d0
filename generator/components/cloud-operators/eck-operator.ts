import {z} from 'zod'
import {defineUpstream} from '../../component.ts'
import {resources} from '../../environment/fields.ts'
import {repositoryAndTag} from '../upstream-image.ts'

export default defineUpstream({
  name: 'eck-operator',
  summary: 'Runs Elasticsearch and Kibana from their custom resources',
  chart: {repository: 'https://helm.elastic.co', name: 'eck-operator', version: '3.5.0'},
  apiGroups: ['elasticsearch.k8s.elastic.co', 'kibana.k8s.elastic.co'],
  pods: [{name: 'elastic-operator', image: 'image', resources: 'resources'}],
  webhooks: ['elasticsearch.k8s.elastic.co', 'kibana.k8s.elastic.co'],
  settings: z.strictObject({
    resources: resources({cpu: '50m', memory: '150Mi', cpuLimit: '1', memoryLimit: '512Mi'}),
  }),
  images: {
    operator: {reference: 'docker.elastic.co/eck/eck-operator:3.5.0', architectures: ['amd64', 'arm64']},
  },
  values: ({settings, images}) => ({
    installCRDs: true,
    managedNamespaces: ['observability'],
    telemetry: {disabled: true},
    config: {caValidity: '87600h'},
    image: repositoryAndTag(images.operator),
    resources: settings.resources,
  }),
  comments: {
    installCRDs: 'The definitions follow the release',
    managedNamespaces: 'The operator touches this namespace and no other',
    config:
      'Grafana and Jaeger read the authority of Elasticsearch at their start only: a yearly change would cut them off',
    telemetry: 'Nothing about the installation is reported',
  },
})
