import type {Site} from '../component.ts'
import {layers, roleOf} from '../component.ts'

/**
 * Ignore rules that leave only what one cluster needs, so that a change elsewhere makes no new artifact for it.
 * Syntax of .gitignore; a folder must be let in before what is in it.
 */
export function onlyThisCluster({environment, cluster}: Site): string {
  const charts = layers.filter((layer) => roleOf(layer) === cluster.role).map((layer) => ['charts', layer])
  const folders = [
    ...charts,
    ['clusters', environment.name, cluster.name],
    ['environments', environment.name, 'rendered', cluster.name],
    ...(environment.charts.mirror ? [['environments', environment.name, 'rendered', 'charts']] : []),
  ]
  return `${[...new Set(['/*', ...folders.flatMap(letIn)])].join('\n')}\n`
}

function letIn(folder: readonly string[]): string[] {
  return folder.flatMap((_, index) => {
    const path = `/${folder.slice(0, index + 1).join('/')}`
    return index + 1 < folder.length ? [`!${path}`, `${path}/*`] : [`!${path}`]
  })
}
