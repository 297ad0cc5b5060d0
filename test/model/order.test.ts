import test from 'ava'
import {z} from 'zod'
import {
  type Component,
  defineComponent,
  defineUpstream,
  type KubernetesObject,
  type LayerDefinition,
  nothingDerived,
} from '../../generator/component.ts'
import {layerDefinitions} from '../../generator/components/index.ts'
import {orderLayers} from '../../generator/model/order.ts'
import {renderRepository} from '../../generator/pipeline.ts'
import {component} from '../support/environment.ts'
import {root} from '../support/paths.ts'

test('cloud layers follow from the custom resources they define and use', (t) => {
  t.deepEqual(orderLayers(layerDefinitions, 'cloud'), [
    {layer: 'cloud-operators', dependsOn: []},
    {layer: 'cloud-platform', dependsOn: ['cloud-operators']},
    {layer: 'cloud-observability', dependsOn: ['cloud-operators', 'cloud-platform']},
  ])
})

test('edge layers follow from namespaces and endpoints', (t) => {
  t.deepEqual(orderLayers(layerDefinitions, 'edge'), [
    {layer: 'edge-platform', dependsOn: []},
    {layer: 'edge-observability', dependsOn: ['edge-platform']},
    {layer: 'edge-demo', dependsOn: ['edge-platform', 'edge-observability']},
  ])
})

test('a custom resource beside the webhook that checks it is an error that names both', (t) => {
  const definitions = [
    layer('cloud-operators', [operator(['pools.example.com']), resource('pool', 'pools.example.com')]),
  ]
  t.throws(() => orderLayers(definitions, 'cloud'), {
    message:
      'Cannot put Thing pool of component pool into cloud-operators: the webhook of component operator in the same release checks it before it runs',
  })
})

test('an ingress that waits for an address pool of a later layer is an error that names both', (t) => {
  const pools = resource('pools', 'metallb.io', 'IPAddressPool')
  const ingress = {...operator(['routes.example.com']), name: 'ingress', loadBalancer: true} as Component
  const definitions = [
    layer('cloud-operators', [operator(['metallb.io'])]),
    layer('cloud-platform', [ingress]),
    layer('cloud-observability', [pools, resource('route', 'routes.example.com')]),
  ]
  t.throws(() => orderLayers(definitions, 'cloud'), {
    message:
      'Cannot order the layers, they need each other: ' +
      'component ingress in cloud-platform needs address pool of MetalLB of component pools in cloud-observability; ' +
      'component route in cloud-observability needs API group routes.example.com of component ingress in cloud-platform',
  })
})

test('a wrong order of the real components is refused by render, and no file is written', (t) => {
  const issuer = component('cluster-issuer')
  const wrong = layerDefinitions.map((definition) => {
    const {layer: name, components} = definition
    if (name === 'cloud-operators') return {...definition, components: [...components, issuer]}
    return {...definition, components: components.filter((other) => other !== issuer)}
  })
  t.throws(() => renderRepository(root, wrong), {
    message:
      'Cannot put ClusterIssuer environment of component cluster-issuer into cloud-operators: the webhook of component ' +
      'cert-manager in the same release checks it before it runs',
  })
})

test('layers that need each other are an error that names both needs', (t) => {
  const definitions = [
    layer('cloud-operators', [operator(['a.example.com']), resource('b-thing', 'b.example.com')]),
    layer('cloud-platform', [{...operator(['b.example.com']), name: 'other'}, resource('a-thing', 'a.example.com')]),
  ]
  t.throws(() => orderLayers(definitions, 'cloud'), {
    message:
      'Cannot order the layers, they need each other: ' +
      'component b-thing in cloud-operators needs API group b.example.com of component other in cloud-platform; ' +
      'component a-thing in cloud-platform needs API group a.example.com of component operator in cloud-operators',
  })
})

function layer(name: LayerDefinition['layer'], components: LayerDefinition['components']): LayerDefinition {
  return {layer: name, summary: '', namespace: name, podSecurity: 'restricted', components}
}

function operator(groups: string[]) {
  return defineUpstream({
    pods: [],
    name: 'operator',
    summary: '',
    chart: {repository: 'https://charts.example.com', name: 'operator', version: '1.0.0'},
    apiGroups: groups,
    webhooks: groups,
    settings: z.strictObject({}),
    images: {},
    values: () => ({}),
    comments: {},
  })
}

function resource(name: string, group: string, kind = 'Thing') {
  const object: KubernetesObject = {apiVersion: `${group}/v1`, kind, metadata: {name}}
  return defineComponent({
    name,
    summary: '',
    settings: z.strictObject({}),
    ...nothingDerived,
    images: {},
    objects: () => [object],
  })
}
