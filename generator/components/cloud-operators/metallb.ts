import {z} from 'zod'
import {defineUpstream} from '../../component.ts'
import {resources} from '../../environment/fields.ts'
import {repositoryAndTag} from '../upstream-image.ts'

const architectures = ['amd64', 'arm64', 'arm'] as const

export default defineUpstream({
  name: 'metallb',
  summary: 'Answers on the local network for the addresses of the pool, so that the ingress has one',
  chart: {repository: 'https://metallb.github.io/metallb', name: 'metallb', version: '0.16.1'},
  apiGroups: ['metallb.io'],
  pods: [
    {name: 'metallb-controller', image: 'controller.image', resources: 'controller.resources'},
    {
      name: 'metallb-speaker',
      image: 'speaker.image',
      resources: 'speaker.resources',
      everyNode: true,
      podSecurity: 'privileged',
    },
  ],
  webhooks: ['metallb.io'],
  enabled: ({environment}) => environment.cloud.loadBalancer.mode === 'metallb',
  settings: z.strictObject({
    controllerResources: resources({cpu: '20m', memory: '64Mi', cpuLimit: '500m', memoryLimit: '128Mi'}),
    speakerResources: resources({cpu: '20m', memory: '64Mi', cpuLimit: '500m', memoryLimit: '128Mi'}),
  }),
  images: {
    controller: {reference: 'quay.io/metallb/controller:v0.16.1', architectures},
    speaker: {reference: 'quay.io/metallb/speaker:v0.16.1', architectures},
  },
  values: ({settings, images}) => ({
    fullnameOverride: 'metallb',
    frrk8s: {enabled: false},
    controller: {image: repositoryAndTag(images.controller), resources: settings.controllerResources},
    speaker: {image: repositoryAndTag(images.speaker), resources: settings.speakerResources, frr: {enabled: false}},
  }),
  comments: {
    frrk8s: 'BGP is not used: addresses are announced on layer 2 only',
    'speaker.frr': 'BGP is not used: addresses are announced on layer 2 only',
  },
})
