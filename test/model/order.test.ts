import test from 'ava'
import {z} from 'zod'
import {
  defineComponent,
  defineUpstream,
  type KubernetesObject,
  type LayerDefinition,
  nothingDerived,
} from '../../generator/component.ts'
import {layerDefinitions} from '../../generator/components/index.ts'
import {orderLayers} from '../../generator/model/order.ts'

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

function resource(name: string, group: string) {
  const object: KubernetesObject = {apiVersion: `${group}/v1`, kind: 'Thing', metadata: {name}}
  return defineComponent({
    name,
    summary: '',
    settings: z.strictObject({}),
    ...nothingDerived,
    images: {},
    objects: () => [object],
  })
}
