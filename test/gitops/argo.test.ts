import {existsSync} from 'node:fs'
import {join} from 'node:path'
import test from 'ava'
import {parse} from 'yaml'
import type {Site} from '../../generator/component.ts'
import {layerDefinitions} from '../../generator/components/index.ts'
import {argo} from '../../generator/gitops/argo.ts'
import {releasesOf} from '../../generator/gitops/releases.ts'
import {orderLayers} from '../../generator/model/order.ts'
import {siteOf} from '../support/environment.ts'
import {root} from '../support/paths.ts'
import {readTree} from '../support/temporary.ts'

const order = {cloud: orderLayers(layerDefinitions, 'cloud'), edge: orderLayers(layerDefinitions, 'edge')}
const wave = 'argocd.argoproj.io/sync-wave'

interface Manifest {
  kind: string
  metadata: {name: string; labels?: Record<string, string>; finalizers?: string[]; annotations: Record<string, string>}
  spec: {
    project: string
    sourceRepos: string[]
    destinations: {server?: string; name?: string; namespace: string}[]
    destination: {server?: string; name?: string; namespace: string}
    syncPolicy: object
    source: {path: string; repoURL: string}
  }
}

function rendered(site: Site): Record<string, Manifest> {
  const files = argo.render(site, releasesOf(site, layerDefinitions, order[site.cluster.role]))
  const single = files.filter(({content}) => !content.includes('\n---\n'))
  return Object.fromEntries(single.map(({path, content}) => [path.split('/').at(-1) ?? '', parse(content)]))
}

function remoteSites(): {cloud: Record<string, Manifest>; edge: Record<string, Manifest>} {
  const {cloud, edges} = siteOf({edge: {defaults: {reconcile: 'remote'}}})
  return {cloud: rendered(cloud), edge: rendered(edges[0] as Site)}
}

test('an Application is tried for ever, with the newest revision, prunes and heals', (t) => {
  t.deepEqual(rendered(siteOf().cloud)['cloud-platform.yaml']?.spec.syncPolicy, {
    automated: {prune: true, selfHeal: true},
    syncOptions: ['ServerSideApply=true'],
    retry: {limit: -1, refresh: true, backoff: {duration: '10s', factor: 2, maxDuration: '5m'}},
  })
})

test('every Application is compared by the API server, which knows all schemas also after a restart', (t) => {
  const {cloud, edge} = remoteSites()
  const applications = [...Object.values(cloud), ...Object.values(edge)].filter(({kind}) => kind === 'Application')
  t.true(applications.length >= 6)
  for (const {metadata} of applications) {
    t.is(metadata.annotations['argocd.argoproj.io/compare-options'], 'ServerSideDiff=true', metadata.name)
  }
})

test('the root and remote edge clusters are in the last wave, for which nothing waits', (t) => {
  const {cloud} = remoteSites()
  const waves = Object.values(cloud).map(({metadata}) => Number(metadata.annotations[wave]))
  const last = String(Math.max(...waves))
  t.is(cloud['sync.yaml']?.metadata.annotations[wave], last)
  t.is(cloud['edge-hall.yaml']?.metadata.annotations[wave], last)
})

test('a project lets an Application go to the namespaces of its own cluster only, from this repository', (t) => {
  const {cloud, edge} = remoteSites()
  for (const manifests of [cloud, edge, rendered(siteOf().edges[0] as Site)]) {
    const project = manifests['project.yaml'] as Manifest
    const applications = Object.values(manifests).filter(({kind}) => kind === 'Application')
    const own = applications.filter(({spec}) => spec.project === project.metadata.name)
    t.true(own.length >= 2)
    for (const {metadata, spec} of own) {
      t.true(project.spec.sourceRepos.includes(spec.source.repoURL))
      const {server, name, namespace} = spec.destination
      const allowed = project.spec.destinations.some(
        (one) => one.server === server && one.name === name && one.namespace === namespace,
      )
      t.true(allowed, metadata.name)
    }
  }
})

test('Applications of a remote edge cluster have names that no other cluster can have', (t) => {
  const {edge} = remoteSites()
  const names = Object.values(edge)
    .filter(({kind}) => kind === 'Application')
    .map(({metadata}) => metadata.name)
  t.deepEqual(names, ['hall.edge-platform', 'hall.edge-observability'])
})

test('what leaves Git leaves the cluster, but for the root', (t) => {
  const {cloud} = remoteSites()
  t.truthy(cloud['edge-hall.yaml']?.metadata.finalizers)
  t.truthy(cloud['cloud-platform.yaml']?.metadata.finalizers)
  t.is(cloud['sync.yaml']?.metadata.finalizers, undefined)
})

test('every file that a committed Application names is committed', (t) => {
  const texts = Object.values(readTree(join(root, 'clusters/campus'))).filter((text) => text.includes('valueFiles'))
  t.true(texts.length >= 7)
  for (const text of texts) {
    const {spec} = parse(text) as {spec: {source: {path: string; helm: {valueFiles: string[]}}}}
    t.true(existsSync(join(root, spec.source.path, 'Chart.yaml')))
    for (const file of spec.source.helm.valueFiles) t.true(existsSync(join(root, spec.source.path, file)), file)
  }
})
