import {join} from 'node:path/posix'
import test from 'ava'
import {parseAllDocuments} from 'yaml'
import type {Site} from '../../generator/component.ts'
import {layerDefinitions} from '../../generator/components/index.ts'
import {findEnvironments} from '../../generator/environment/find.ts'
import {readEnvironment} from '../../generator/environment/read.ts'
import {argo} from '../../generator/gitops/argo.ts'
import type {Engine} from '../../generator/gitops/engine.ts'
import {flux} from '../../generator/gitops/flux.ts'
import {releasesOf} from '../../generator/gitops/releases.ts'
import {orderLayers} from '../../generator/model/order.ts'
import {sitesOf} from '../../generator/model/sites.ts'
import {root} from '../support/paths.ts'

// Each engine's rendered text is read back by what that engine's documentation says it means. What comes out is, for
// every cluster, which chart is installed with which values, under which name, where, and after how many others. The
// objects follow from that alone: the same chart with the same values.

interface Installation {
  cluster: string
  chart: string
  values: string[]
  release: string
  namespace: string
  /** How many installations must be done before it, one after the other. */
  level: number
}

interface Manifest {
  kind: string
  metadata: {name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string>}
  spec: Record<string, unknown>
}

const order = {cloud: orderLayers(layerDefinitions, 'cloud'), edge: orderLayers(layerDefinitions, 'edge')}
const environments = findEnvironments(root, []).flatMap((file) => {
  const read = readEnvironment(file, layerDefinitions, [])
  return read ? [{name: file.name, sites: sitesOf(read.environment, layerDefinitions)}] : []
})

for (const {name, sites} of environments) {
  test(`${name}: Flux and Argo CD install the same charts with the same values in the same order`, (t) => {
    const byFlux = sites.flatMap((site) => fluxInstallations(site, manifests(flux, site)))
    const byArgo = sites.flatMap((site) => argoInstallations(site, manifests(argo, site)))
    t.true(byFlux.length >= sites.length * 2)
    t.deepEqual(byArgo.sort(compare), byFlux.sort(compare))
  })

  test(`${name}: Flux and Argo CD make the same namespaces with the same pod security`, (t) => {
    const namespaces = (engine: Engine) =>
      sites
        .flatMap((site) => manifests(engine, site))
        .filter(({kind, metadata}) => kind === 'Namespace' && metadata.labels)
        .map(({metadata}) => ({name: metadata.name, labels: metadata.labels}))
    t.true(namespaces(flux).length >= 3)
    t.deepEqual(namespaces(argo), namespaces(flux))
  })
}

function manifests(engine: Engine, site: Site): Manifest[] {
  return engine
    .render(site, releasesOf(site, layerDefinitions, order[site.cluster.role]))
    .flatMap(({content}) => parseAllDocuments(content).map((document) => document.toJS() as Manifest))
}

/** A HelmRelease: paths from the root of the repository; another cluster by its kubeconfig; order by dependsOn. */
function fluxInstallations(site: Site, all: Manifest[]): Installation[] {
  const releases = all.filter(({kind}) => kind === 'HelmRelease')
  const level = (name: string): number => {
    const {spec = {}} = releases.find(({metadata}) => metadata.name === name) ?? {}
    const dependsOn = (spec.dependsOn ?? []) as {name: string}[]
    return Math.max(0, ...dependsOn.map((other) => level(other.name) + 1))
  }
  return releases.map(({metadata, spec}) => {
    const {chart, kubeConfig, releaseName, targetNamespace} = spec as {
      chart: {spec: {chart: string; valuesFiles: string[]}}
      kubeConfig?: object
      releaseName: string
      targetNamespace: string
    }
    return {
      cluster: kubeConfig ? `${metadata.namespace}` : `own ${site.cluster.name}`,
      chart: join(chart.spec.chart),
      values: chart.spec.valuesFiles,
      release: releaseName,
      namespace: targetNamespace,
      level: level(metadata.name),
    }
  })
}

/** An Application: values relative to the chart; another cluster by its name; order by sync wave. */
function argoInstallations(site: Site, all: Manifest[]): Installation[] {
  const charts = all.filter(({kind, spec}) => kind === 'Application' && 'helm' in ((spec.source ?? {}) as object))
  return charts.map(({metadata, spec}) => {
    const {source, destination} = spec as {
      source: {path: string; helm: {releaseName: string; valueFiles: string[]}}
      destination: {name?: string; namespace: string}
    }
    return {
      cluster: destination.name ?? `own ${site.cluster.name}`,
      chart: source.path,
      values: source.helm.valueFiles.map((file) => join(source.path, file)),
      release: source.helm.releaseName,
      namespace: destination.namespace,
      level: Number(metadata.annotations?.['argocd.argoproj.io/sync-wave']),
    }
  })
}

function compare(a: Installation, b: Installation): number {
  return `${a.cluster}/${a.release}` < `${b.cluster}/${b.release}` ? -1 : 1
}
