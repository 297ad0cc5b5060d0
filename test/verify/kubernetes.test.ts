import {join} from 'node:path'
import test from 'ava'
import {parseAllDocuments} from 'yaml'
import type {KubernetesObject, LayerDefinition, Site} from '../../generator/component.ts'
import {layerDefinitions} from '../../generator/components/index.ts'
import {findEnvironments} from '../../generator/environment/find.ts'
import {readEnvironment} from '../../generator/environment/read.ts'
import {objectsOf} from '../../generator/model/objects.ts'
import {sitesOf} from '../../generator/model/sites.ts'
import {isEnabled, valuesOf} from '../../generator/model/values.ts'
import {layersOf} from '../../generator/values/values.ts'
import {ownComponents, subchartFolder} from '../support/charts.ts'
import {root} from '../support/paths.ts'
import {helm} from '../support/programs.ts'

const sites = findEnvironments(root, []).flatMap((file) => {
  const read = readEnvironment(file, layerDefinitions, [])
  return read ? sitesOf(read.environment, layerDefinitions) : []
})

for (const {layer, component} of ownComponents) {
  test(`${component.name}: the subchart passes helm lint --strict`, async (t) => {
    const {exitCode, stdout, stderr} = await helm('lint', '--strict', subchartFolder(layer, component.name))
    t.is(exitCode, 0, stdout + stderr)
  })
}

for (const definition of layerDefinitions.filter(({components}) => components.every(({kind}) => kind === 'own'))) {
  test(`${definition.layer}: passes helm lint --strict and renders without a network`, async (t) => {
    const chart = join(root, 'charts', definition.layer)
    const lint = await helm('lint', '--strict', chart)
    t.is(lint.exitCode, 0, lint.stdout + lint.stderr)
    for (const site of sites.filter((candidate) => layersOf(candidate, layerDefinitions).includes(definition))) {
      const rendered = await helm('template', definition.layer, chart, '--values', valuesFile(site, definition))
      t.is(rendered.exitCode, 0, rendered.stderr)
      t.deepEqual(names(parseObjects(rendered.stdout)), names(objectsOfLayer(definition, site)))
    }
  })
}

test('every object that has a model in kubernetes-models is valid to it', async (t) => {
  const seen = new Set<string>()
  for (const object of sites.flatMap((site) =>
    layersOf(site, layerDefinitions).flatMap((layer) => objectsOfLayer(layer, site)),
  )) {
    const Model = await modelOf(object)
    if (!Model) continue
    seen.add(object.kind)
    t.notThrows(() => new Model(object).validate(), `${object.kind} ${object.metadata.name}`)
  }
  t.deepEqual([...seen].sort(), modelled)
})

const modelled = [
  'Certificate',
  'ClusterIssuer',
  'ClusterRole',
  'ClusterRoleBinding',
  'ConfigMap',
  'CronJob',
  'DaemonSet',
  'Deployment',
  'Elasticsearch',
  'Ingress',
  'IngressRouteTCP',
  'Kibana',
  'Middleware',
  'Namespace',
  'NetworkPolicy',
  'Secret',
  'ServersTransport',
  'Service',
  'ServiceAccount',
  'StatefulSet',
]

const packages: Record<string, string> = {
  'cert-manager.io': '@kubernetes-models/cert-manager/',
  'elasticsearch.k8s.elastic.co': '@kubernetes-models/elastic-cloud/',
  'kibana.k8s.elastic.co': '@kubernetes-models/elastic-cloud/',
  'traefik.io': '@kubernetes-models/traefik/',
  'metallb.io': '',
}

type ModelClass = new (data: unknown) => {validate: () => void}

/** MetalLB has no package: its resources are checked by kubeconform alone. */
async function modelOf({apiVersion, kind}: KubernetesObject): Promise<ModelClass | undefined> {
  const [group = ''] = apiVersion.split('/')
  const prefix = apiVersion.includes('/') ? (packages[group] ?? 'kubernetes-models/') : 'kubernetes-models/'
  if (prefix === '') return undefined
  const module = (await import(`${prefix}${apiVersion}/${kind}`)) as Record<string, ModelClass>
  return module[kind]
}

function valuesFile(site: Site, {layer}: LayerDefinition): string {
  return join(root, 'environments', site.environment.name, 'rendered', site.cluster.name, `${layer}.values.yaml`)
}

function objectsOfLayer({components}: LayerDefinition, site: Site): KubernetesObject[] {
  const objects = components.flatMap((component) => {
    const isOwn = component.kind === 'own' && isEnabled(component, site)
    return isOwn ? objectsOf(component, valuesOf(component, site)) : []
  })
  return JSON.parse(JSON.stringify(objects)) as KubernetesObject[]
}

function parseObjects(yaml: string): KubernetesObject[] {
  return parseAllDocuments(yaml, {version: '1.1'})
    .map((document) => document.toJS() as KubernetesObject | null)
    .filter((object) => object !== null)
}

function names(objects: readonly KubernetesObject[]): string[] {
  return objects.map(({kind, metadata}) => `${kind} ${metadata.name}`).sort()
}
