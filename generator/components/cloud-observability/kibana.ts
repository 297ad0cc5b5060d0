import {z} from 'zod'
import {defineComponent, type KubernetesObject, text} from '../../component.ts'
import {described, hostname, resources} from '../../environment/fields.ts'
import {password} from '../../secret.ts'
import {ingress, metadata} from '../kubernetes.ts'
import {elasticVersion} from './elasticsearch.ts'

const name = 'kibana'

export default defineComponent({
  name,
  summary: 'Shows and searches the logs',
  settings: z.strictObject({
    resources: resources({cpu: '100m', memory: '1Gi', cpuLimit: '2', memoryLimit: '1Gi'}),
  }),
  derived: z.strictObject({host: described(hostname.default('kibana.example.com'), 'Public host name')}),
  derive: ({hostname}) => ({host: hostname('kibana')}),
  images: {
    kibana: {reference: `docker.elastic.co/kibana/kibana:${elasticVersion}`, architectures: ['amd64', 'arm64']},
  },
  requires: ['logStore'],
  secrets: [
    {
      name: 'kibana-encryption-keys',
      // At least 32 characters each (elastic.co/docs/reference/kibana/configuration-reference/security-settings).
      keys: {
        'xpack.encryptedSavedObjects.encryptionKey': password,
        'xpack.security.encryptionKey': password,
        'xpack.reporting.encryptionKey': password,
      },
      afterRotation:
        'saved objects that Kibana encrypted before, such as passwords of connectors, have to be entered again',
      purpose: 'Keys of saved objects, sessions and reports, read into the keystore of Kibana',
    },
  ],
  objects: ({value, images}) => [
    {
      apiVersion: 'kibana.k8s.elastic.co/v1',
      kind: 'Kibana',
      metadata: metadata(name),
      spec: {
        version: elasticVersion,
        image: images.kibana,
        count: 1,
        elasticsearchRef: {name: 'elasticsearch'},
        config: {'server.publicBaseUrl': text`https://${value.host}`, 'telemetry.optIn': false},
        secureSettings: [{secretName: 'kibana-encryption-keys'}],
        // TLS ends at the ingress, in the same cluster.
        http: {tls: {selfSignedCertificate: {disabled: true}}},
        podTemplate: {spec: {containers: [{name: 'kibana', resources: value.resources}]}},
      },
    } as KubernetesObject,
    ingress({component: name, host: value.host, service: {name: 'kibana-kb-http', port: 5601}}),
  ],
})
