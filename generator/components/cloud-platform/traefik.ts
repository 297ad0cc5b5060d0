import {z} from 'zod'
import {defineUpstream} from '../../component.ts'
import {described, resources} from '../../environment/fields.ts'
import {registryRepositoryAndTag} from '../upstream-image.ts'

/** The entry point for metric streams, which are no HTTP. */
export const metricStreamEntryPoint = 'netdata'

export default defineUpstream({
  name: 'traefik',
  summary: 'The only door into the cloud: HTTPS for people, logs and traces, and a TCP port for metric streams',
  chart: {repository: 'https://traefik.github.io/charts', name: 'traefik', version: '41.3.0'},
  apiGroups: ['traefik.io'],
  unlisted: [
    'ports.websecure.asDefault',
    'service.spec.externalTrafficPolicy',
    // The chart makes an entry point of every key of ports.
    `ports.${metricStreamEntryPoint}`,
  ],
  pods: [{name: 'traefik', image: 'image', resources: 'resources', replicas: 'deployment.replicas'}],
  loadBalancer: true,
  settings: z.strictObject({
    replicas: described(z.int().min(1).max(10).default(1), 'Number of pods', 1),
    resources: resources({cpu: '50m', memory: '64Mi', cpuLimit: '1', memoryLimit: '256Mi'}),
  }),
  images: {
    traefik: {reference: 'docker.io/traefik:v3.7.11', architectures: ['amd64', 'arm64', 'arm']},
  },
  values: ({settings, images}) => ({
    fullnameOverride: 'traefik',
    image: registryRepositoryAndTag(images.traefik),
    deployment: {replicas: settings.replicas},
    resources: settings.resources,
    ingressClass: {enabled: true, isDefaultClass: true, name: 'traefik'},
    gateway: {enabled: false},
    gatewayClass: {enabled: false},
    global: {checkNewVersion: false, sendAnonymousUsage: false},
    ports: {
      web: {http: {redirections: {entryPoint: {to: 'websecure', scheme: 'https', permanent: true, priority: 1}}}},
      websecure: {asDefault: true, http: {tls: {enabled: true}}},
      [metricStreamEntryPoint]: {port: 19999, exposedPort: 19999, protocol: 'TCP', expose: {default: true}},
    },
    service: {spec: {type: 'LoadBalancer', externalTrafficPolicy: 'Local'}},
  }),
  derive: ({ingressAddress}) =>
    ingressAddress ? {service: {annotations: {'metallb.io/loadBalancerIPs': ingressAddress}}} : {},
  comments: {
    gateway: 'The Gateway API is not used',
    'ports.web': 'Everything on port 80 goes to HTTPS, but for what asks for port 80 itself: challenges of ACME',
    'ports.websecure': 'Pages that name no entry point are served here and nowhere else, not on port 19999 either',
    [`ports.${metricStreamEntryPoint}`]: 'Netdata streams from the edge; TLS ends in the Netdata parent',
    'service.spec': 'The address of the client stays visible',
  },
})
