import {z} from 'zod'
import {defineUpstream} from '../../component.ts'
import {resources} from '../../environment/fields.ts'
import {repositoryAndTag} from '../upstream-image.ts'

const architectures = ['amd64', 'arm64', 'arm'] as const

export default defineUpstream({
  name: 'cert-manager',
  summary: 'Issues and renews the certificates of everything that the cloud serves',
  chart: {
    repository: 'oci://quay.io/jetstack/charts',
    name: 'cert-manager',
    version: 'v1.21.1',
  },
  apiGroups: ['cert-manager.io', 'acme.cert-manager.io'],
  pods: [
    {name: 'cert-manager', image: 'image', resources: 'resources'},
    {name: 'cert-manager-webhook', image: 'webhook.image', resources: 'webhook.resources'},
    {name: 'cert-manager-cainjector', image: 'cainjector.image', resources: 'cainjector.resources'},
    // Made for a challenge of ACME, and gone after it.
    {name: 'cm-acme-http-solver', image: 'acmesolver.image'},
  ],
  unlisted: ['fullnameOverride', 'image.tag', 'webhook.image.tag', 'cainjector.image.tag', 'acmesolver.image.tag'],
  webhooks: ['cert-manager.io', 'acme.cert-manager.io'],
  settings: z.strictObject({
    resources: resources({cpu: '20m', memory: '64Mi', cpuLimit: '500m', memoryLimit: '192Mi'}),
  }),
  images: {
    controller: {reference: 'quay.io/jetstack/cert-manager-controller:v1.21.1', architectures},
    webhook: {reference: 'quay.io/jetstack/cert-manager-webhook:v1.21.1', architectures},
    cainjector: {reference: 'quay.io/jetstack/cert-manager-cainjector:v1.21.1', architectures},
    acmesolver: {reference: 'quay.io/jetstack/cert-manager-acmesolver:v1.21.1', architectures},
  },
  values: ({settings, images}) => ({
    fullnameOverride: 'cert-manager',
    crds: {enabled: true, keep: true},
    global: {leaderElection: {namespace: 'cloud-operators'}},
    startupapicheck: {enabled: false},
    image: repositoryAndTag(images.controller),
    resources: settings.resources,
    webhook: {image: repositoryAndTag(images.webhook), resources: settings.resources},
    cainjector: {image: repositoryAndTag(images.cainjector), resources: settings.resources},
    acmesolver: {image: repositoryAndTag(images.acmesolver)},
  }),
  comments: {
    crds: 'The definitions follow the release, and stay if it is removed: with them all certificates would go',
    'global.leaderElection': 'The lease stays in the namespace of the release',
    startupapicheck: 'Flux waits for the webhook itself; the check is one more image and a hook',
  },
})
