import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {chartFolder} from '../chart/chart.ts'
import {packageName} from '../chart/vendored.ts'
import type {LayerDefinition} from '../component.ts'
import {nameOf, type Placed, type RenderedCluster} from '../tree/tree.ts'
import {textWithin, within} from './facts/agents.ts'
import {type ChartFile, chartFiles} from './facts/chart-file.ts'
import {imagesIn} from './facts/images.ts'
import {about, type Finding, type Gate} from './gate.ts'

/** The gate over charts of these layers. */
export function airGapGate(layers: readonly LayerDefinition[]): Gate {
  return {
    name: 'air-gap',
    rule: 'With a mirror declared, every image, chart and Git source comes from there; without one, Git is the only source all the same',
    reason:
      'One reference that was forgotten is found on the day when a pod moves to another node of a site without internet.',
    source:
      'docs.k3s.io/installation/airgap; argoproj/argo-cd issue 16725 (charts that are asked for although a copy is there)',
    start: (root) => {
      const chartFile = chartFiles(root)
      return {
        cluster: (cluster) => [
          ...images(cluster),
          ...gitSources(cluster),
          ...(cluster.site.cluster.role === 'cloud' ? charts(cluster, {layers, chartFile, root}) : []),
        ],
      }
    },
  }
}

function images(cluster: RenderedCluster): Finding[] {
  const {mirror} = cluster.site.environment.images
  if (!mirror) return []
  return imagesIn(cluster)
    .filter(({reference}) => !reference.startsWith(`${mirror}/`))
    .flatMap(({reference, by: [first]}) =>
      first
        ? [
            about(
              first,
              cluster,
              `${first.by} runs ${reference}, which is not in ${mirror}`,
              'run npm run render, which moves every image to the mirror',
              pathOf(reference),
            ),
          ]
        : [],
    )
}

/** Everything that is applied comes from the repository of the environment, on its branch. */
function gitSources(cluster: RenderedCluster): Finding[] {
  const {url, branch} = cluster.site.environment.git
  return cluster.engine.flatMap((placed) => {
    const named = sourceOf(placed)
    if (!named) return []
    const say = (message: string, mark: string) =>
      about(
        placed,
        cluster,
        `${nameOf(placed.object)} ${message}`,
        'run npm run render: git.url and git.branch decide',
        mark,
      )
    return [
      ...named.urls
        .filter((each) => each !== url)
        .map((each) => say(`takes what it applies from ${each}, not from ${url}`, each)),
      ...(named.branch === undefined || named.branch === branch
        ? []
        : [say(`follows ${named.branch || 'no branch'}, not ${branch}`, named.branch)]),
    ]
  })
}

function sourceOf({object}: Placed): {urls: string[]; branch?: string} | undefined {
  if (object.kind === 'GitRepository')
    return {urls: [textWithin(object, 'spec', 'url')], branch: textWithin(object, 'spec', 'ref', 'branch')}
  if (object.kind === 'Application')
    return {
      urls: [textWithin(object, 'spec', 'source', 'repoURL')],
      branch: textWithin(object, 'spec', 'source', 'targetRevision'),
    }
  if (object.kind === 'AppProject') return {urls: (within(object, 'spec', 'sourceRepos') ?? []) as string[]}
  return undefined
}

interface Charts {
  layers: readonly LayerDefinition[]
  chartFile: (path: string) => ChartFile
  root: string
}

function charts(cluster: RenderedCluster, {layers, chartFile, root}: Charts): Finding[] {
  const {environment} = cluster.site
  const {mirror} = environment.charts
  if (!mirror) return []
  return layers.flatMap((definition) => {
    const vendored = definition.components.flatMap((component) =>
      component.kind === 'upstream' &&
      existsSync(join(root, 'charts', definition.layer, 'charts', packageName(component)))
        ? [component.chart.name]
        : [],
    )
    const file = `${chartFolder(definition, environment)}/Chart.yaml`
    return chartFile(file)
      .dependencies.filter(
        ({name, repository}) =>
          repository && !repository.startsWith('file://') && repository !== mirror && !vendored.includes(name),
      )
      .map(({name, repository}) =>
        about(
          {file},
          cluster,
          `Chart ${name} comes from ${repository}, not from ${mirror}`,
          'run npm run render: charts.mirror decides',
        ),
      )
  })
}

/** The part of a reference by which values name it. */
function pathOf(reference: string): string {
  return reference.replace(/^[^/]*\//, '').replace(/[:@].*$/, '')
}
