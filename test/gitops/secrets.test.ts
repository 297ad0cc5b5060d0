import test from 'ava'
import {parseAllDocuments} from 'yaml'
import type {KubernetesObject, Sealed, Site} from '../../generator/component.ts'
import {layerDefinitions} from '../../generator/components/index.ts'
import {readEnvironment} from '../../generator/environment/read.ts'
import {engineOf} from '../../generator/gitops/engines.ts'
import {releasesOf} from '../../generator/gitops/releases.ts'
import {sopsConfiguration} from '../../generator/gitops/sops-configuration.ts'
import {merge} from '../../generator/model/merge.ts'
import {orderLayers} from '../../generator/model/order.ts'
import {sitesOf} from '../../generator/model/sites.ts'
import {valuesOf} from '../../generator/model/values.ts'
import {printYaml} from '../../generator/yaml/print.ts'
import {component, valid} from '../support/environment.ts'

const recipient = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p'

/** The clusters of an environment whose Secrets are encrypted: cloud, hall (local) and yard (remote). */
function sealedSites(engine: 'flux' | 'argo', sealed = true): Site[] {
  const [hall] = valid.edge.clusters
  const changes = {
    git: {engine, secret: 'git-credentials'},
    secrets: {operators: [{name: 'alice', recipient}]},
    edge: {clusters: [hall, {...hall, name: 'yard', server: '10.2.0.2', reconcile: 'remote'}]},
  }
  const content = printYaml(merge(valid, changes))
  const read = readEnvironment(
    {name: 'site', file: 'environments/site/environment.yaml', content},
    layerDefinitions,
    [],
  )
  if (!read) throw new Error('the environment is wrong')
  const revisions = new Map([
    ['observability/elastic-credentials', 'a1'],
    ['observability/influxdb-credentials', 'b2'],
    ['observability/grafana-elasticsearch', 'c3'],
  ])
  const seen: Sealed = {recipient, revisions}
  return sitesOf(read.environment, layerDefinitions, () => (sealed ? seen : undefined))
}

/** Objects by the path of their file in the folder of the cluster. */
function rendered(site: Site): Record<string, KubernetesObject[]> {
  const order = orderLayers(layerDefinitions, site.cluster.role)
  const files = engineOf(site.environment).render(site, releasesOf(site, layerDefinitions, order))
  return Object.fromEntries(
    files.map(({path, content}) => [
      path.split('/').slice(3).join('/'),
      parseAllDocuments(content).map((document) => document.toJS() as KubernetesObject),
    ]),
  )
}

for (const engine of ['flux', 'argo'] as const) {
  test(`${engine}: every cluster has its Secrets decrypted by its own key, from its own file`, (t) => {
    for (const site of sealedSites(engine)) {
      const files = rendered(site)
      const kustomization = files['secrets.yaml']?.find(({kind}) => kind === 'Kustomization')
      const {namespace, name, keys} = engineOf(site.environment).ageSecret(site.cluster)
      const isRemote = site.cluster.reconcile === 'remote'
      t.like(kustomization, {
        metadata: {namespace},
        spec: {
          path: `./clusters/site/${site.cluster.name}/secrets`,
          decryption: {provider: 'sops', secretRef: {name}},
          prune: true,
        },
      })
      t.is(Reflect.has(Reflect.get(kustomization ?? {}, 'spec'), 'kubeConfig'), isRemote)
      t.deepEqual(keys, ['age.agekey'])
      t.like(files['secrets/kustomization.yaml']?.[0], {resources: ['../secrets.sops.yaml']})
    }
  })

  test(`${engine}: age keys of clusters that one cluster serves do not stand in each other’s place`, (t) => {
    const sites = sealedSites(engine)
    const inCloud = sites.filter(({cluster}) => cluster.role === 'cloud' || cluster.reconcile === 'remote')
    const places = inCloud.map(({environment, cluster}) => {
      const {namespace, name} = engineOf(environment).ageSecret(cluster)
      return `${namespace}/${name}`
    })
    t.is(new Set(places).size, 2)
  })

  test(`${engine}: without encrypted Secrets nothing is to be decrypted`, (t) => {
    for (const site of sealedSites(engine, false)) {
      t.deepEqual(
        Object.keys(rendered(site)).filter((path) => path.startsWith('secrets')),
        [],
      )
    }
    t.deepEqual(sopsConfiguration(sealedSites(engine, false)), [])
  })
}

test('what applies the releases never sees the encrypted file', (t) => {
  for (const site of sealedSites('flux')) {
    const [list] = rendered(site)['kustomization.yaml'] as unknown as {resources: string[]}[]
    t.true(list?.resources.includes('secrets.yaml'))
    t.false(list?.resources.includes('secrets.sops.yaml'))
  }
  for (const site of sealedSites('argo').filter(({cluster}) => cluster.reconcile === 'local')) {
    for (const file of ['sync.yaml', ...(site.cluster.role === 'cloud' ? ['edge-yard.yaml'] : [])]) {
      t.like(rendered(site)[file]?.[0], {spec: {source: {directory: {exclude: 'secrets.sops.yaml'}}}}, file)
    }
  }
})

test('under Argo CD, Secrets that do not arrive hold up no wave', (t) => {
  const [cloud] = sealedSites('argo') as [Site]
  const [settings] = rendered(cloud)['settings.yaml'] as unknown as {data: Record<string, string>}[]
  const script = settings?.data['resource.customizations.health.kustomize.toolkit.fluxcd.io_Kustomization']
  t.regex(script ?? '', /return {status = "Healthy", message = message}/)
})

test('pods that read credentials only at their start are told when those change', (t) => {
  const [cloud, hall] = sealedSites('flux') as [Site, Site]
  t.is(valuesOf(component('fluent-bit'), hall).secretRevision, 'a1')
  t.is(valuesOf(component('otel-gateway'), cloud).secretRevision, 'b2')
  t.deepEqual(valuesOf(component('grafana'), cloud).podAnnotations, {'secret-revision': 'b2.c3'})
})
