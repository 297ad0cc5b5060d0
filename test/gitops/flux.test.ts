import {join} from 'node:path'
import test from 'ava'
import {parse} from 'yaml'
import type {Site} from '../../generator/component.ts'
import {layerDefinitions} from '../../generator/components/index.ts'
import {flux} from '../../generator/gitops/flux.ts'
import {intervalsOf, kilobitsOf} from '../../generator/gitops/intervals.ts'
import {releasesOf} from '../../generator/gitops/releases.ts'
import {onlyThisCluster} from '../../generator/gitops/source-ignore.ts'
import {orderLayers} from '../../generator/model/order.ts'
import {run} from '../../generator/verify/run.ts'
import {siteOf} from '../support/environment.ts'
import {temporaryFolder} from '../support/temporary.ts'

const order = {cloud: orderLayers(layerDefinitions, 'cloud'), edge: orderLayers(layerDefinitions, 'edge')}

function rendered(site: Site): Record<string, Record<string, unknown>> {
  const files = flux.render(site, releasesOf(site, layerDefinitions, order[site.cluster.role]))
  const single = files.filter(({content}) => !content.includes('\n---\n'))
  return Object.fromEntries(single.map(({path, content}) => [path.split('/').at(-1) ?? '', parse(content)]))
}

test('a release takes its chart and values from the repository and follows every revision', (t) => {
  const {cloud} = siteOf()
  t.like(rendered(cloud)['cloud-observability.yaml'], {
    metadata: {name: 'cloud-observability', namespace: 'flux-system'},
    spec: {
      releaseName: 'cloud-observability',
      targetNamespace: 'observability',
      dependsOn: [{name: 'cloud-operators'}, {name: 'cloud-platform'}],
      chart: {
        spec: {
          chart: './charts/cloud-observability',
          reconcileStrategy: 'Revision',
          valuesFiles: [
            'charts/cloud-observability/values.yaml',
            'environments/site/rendered/cloud/cloud-observability.values.yaml',
          ],
        },
      },
      driftDetection: {mode: 'enabled'},
    },
  })
})

test('a layer that a cluster does not get is nobody’s dependency', (t) => {
  const {edges} = siteOf()
  t.deepEqual(Object.keys(rendered(edges[0] as Site)).sort(), [
    'edge-observability.yaml',
    'edge-platform.yaml',
    'kustomization.yaml',
    'source.yaml',
    'sync.yaml',
  ])
})

test('the cloud applies a remote edge cluster from a namespace of its own, through its kubeconfig', (t) => {
  const {cloud, edges} = siteOf({edge: {defaults: {reconcile: 'remote'}}})
  t.like(rendered(edges[0] as Site)['edge-observability.yaml'], {
    metadata: {namespace: 'edge-hall'},
    spec: {
      kubeConfig: {secretRef: {name: 'kubeconfig'}},
      storageNamespace: 'observability',
      chart: {spec: {sourceRef: {kind: 'GitRepository', name: 'smarter', namespace: 'flux-system'}}},
    },
  })
  t.like(rendered(cloud)['edge-hall.yaml'], {kind: 'Kustomization', spec: {path: './clusters/site/hall', prune: true}})
  t.is(rendered(siteOf().cloud)['edge-hall.yaml'], undefined)
})

test('the kustomization lists every file beside it', (t) => {
  const {cloud} = siteOf({edge: {defaults: {reconcile: 'remote'}}})
  const files = flux
    .render(cloud, releasesOf(cloud, layerDefinitions, order.cloud))
    .map(({path}) => path.split('/').at(-1))
  const {resources} = rendered(cloud)['kustomization.yaml'] as {resources: string[]}
  t.deepEqual([...resources, 'kustomization.yaml'].sort(), files.sort())
})

test('the source of an edge cluster leaves out what is for other clusters, by the rules of Git', async (t) => {
  const [edge] = siteOf().edges
  const wanted = [
    'charts/edge-observability/charts/otel-agent/Chart.yaml',
    'charts/edge-platform/Chart.yaml',
    'clusters/site/hall/sync.yaml',
    'environments/site/rendered/hall/edge-platform.values.yaml',
  ]
  const unwanted = [
    'README.md',
    'charts/cloud-platform/Chart.yaml',
    'clusters/site/cloud/sync.yaml',
    'clusters/other/hall/sync.yaml',
    'environments/site/environment.yaml',
    'environments/site/rendered/cloud/cloud-platform.values.yaml',
  ]
  const folder = temporaryFolder(t, Object.fromEntries([...wanted, ...unwanted].map((path) => [path, 'x\n'])))
  const ignore = temporaryFolder(t, {ignore: onlyThisCluster(edge as Site)})
  await run('git', ['init', '--quiet', folder])
  const args = ['-C', folder, 'ls-files', '--others', `--exclude-from=${join(ignore, 'ignore')}`]
  const {stdout} = await run('git', args)
  t.deepEqual(stdout.split('\n').sort(), wanted)
})

test('a release that failed is tried again soon in the cloud, and sparingly at the edge', (t) => {
  const {cloud, edges} = siteOf()
  t.is(intervalsOf(cloud).retry, '1m')
  t.is(intervalsOf(edges[0] as Site).retry, '5m')
})

test('a thin uplink looks at Git less often', (t) => {
  const [thin, wide] = ['512kbit', '10mbit'].map((uplink) => siteOf({edge: {defaults: {uplink}}}).edges[0] as Site)
  t.is(intervalsOf(thin as Site).source, '15m')
  t.is(intervalsOf(wide as Site).source, '5m')
  t.deepEqual(['512kbit', '2mbit', '1gbit'].map(kilobitsOf), [512, 2000, 1_000_000])
})
