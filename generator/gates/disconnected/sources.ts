import {kilobitsOf, secondsOf, thinUplink} from '../../gitops/intervals.ts'
import {nameOf, type Placed, type RenderedCluster} from '../../tree/tree.ts'
import {dataOf, textWithin} from '../facts/agents.ts'
import type {ChartFile} from '../facts/chart-file.ts'
import {about, type Finding} from '../gate.ts'

/** Reads a Chart.yaml of the repository. */
export type ReadChart = (path: string) => ChartFile

/** What fetches something else than this repository. */
const fetching = new Set([
  'HelmRepository',
  'OCIRepository',
  'HelmChart',
  'Bucket',
  'ImageRepository',
  'ImageUpdateAutomation',
  'ImagePolicy',
])

/** What an edge cluster looks at, and how often. */
export function sources(cluster: RenderedCluster, chartFile: ReadChart): Finding[] {
  const {site} = cluster
  const isLocal = site.cluster.reconcile === 'local'
  const least = kilobitsOf(site.cluster.uplink) < thinUplink ? 900 : 300
  const findings = cluster.engine.flatMap((placed) => {
    const {object} = placed
    const say = (message: string, fix: string, mark?: string) =>
      about(placed, cluster, `${nameOf(object)}: ${message}`, fix, mark)
    const git = site.environment.git.url
    if (fetching.has(object.kind))
      return [say('an edge cluster would poll something else than Git', 'vendor charts, and pin images')]
    const chart = textWithin(object, 'spec', 'chart', 'spec', 'sourceRef', 'kind')
    if (object.kind === 'HelmRelease' && chart !== 'GitRepository')
      return [say(`its chart comes from a ${chart || 'source that is none'}`, 'take it from the GitRepository')]
    if (
      object.kind === 'Application' &&
      (textWithin(object, 'spec', 'source', 'chart') || textWithin(object, 'spec', 'source', 'repoURL') !== git)
    ) {
      return [say('its chart comes from elsewhere than Git', 'take it from the repository of the environment')]
    }
    const polled = pollOf(object)
    if (polled === undefined || !isLocal) return []
    if (Number.isNaN(polled)) return [say('its interval is no duration', 'write one such as 15m')]
    return polled >= least || polled === 0
      ? []
      : [
          say(
            `it looks every ${polled} s, and the uplink of ${site.cluster.uplink} bears one look in ${least} s`,
            `write an interval of ${least / 60}m or more`,
            'interval:',
          ),
        ]
  })
  const remote = cluster.lists.flatMap(({file, resources}) =>
    resources
      .filter((name) => /:\/\/|^git@|^[\w-]+(\.[\w-]+)+\//.test(name))
      .map((name) =>
        about({file}, cluster, `A base is fetched from ${name}`, 'put what it has into this repository', name),
      ),
  )
  return [...findings, ...remote, ...(isLocal ? polledCharts(cluster, chartFile) : [])]
}

/** Seconds between two looks at Git, 0 for never; undefined for what does not look. */
export function pollOf(object: Placed['object']): number | undefined {
  if (object.kind === 'GitRepository') return secondsOf(textWithin(object, 'spec', 'interval'))
  const setting = dataOf(object)['timeout.reconciliation']
  return setting === undefined ? undefined : secondsOf(setting)
}

/** A dependency with a repository is asked for at each revision (fluxcd/source-controller docs/spec/v1/helmcharts.md). */
function polledCharts(cluster: RenderedCluster, chartFile: ReadChart): Finding[] {
  const layers = [...new Set(cluster.objects.flatMap(({layer}) => layer ?? []))]
  return layers.flatMap((layer) => {
    const file = `charts/${layer}/Chart.yaml`
    return chartFile(file)
      .dependencies.filter(({repository}) => repository !== undefined && !repository.startsWith('file://'))
      .map(({name, repository}) =>
        about(
          {file},
          cluster,
          `Chart ${name} would be fetched from ${repository} by each edge cluster`,
          'make it a part of the chart, without repository',
        ),
      )
  })
}
