import {chartFolder} from '../chart/chart.ts'
import type {Layer, LayerDefinition, Site} from '../component.ts'
import type {OrderedLayer} from '../model/order.ts'
import {layersOf, valuesPath} from '../values/values.ts'
import type {Release} from './engine.ts'

/** The releases of a cluster in their order; a layer that the cluster does not get is nobody's dependency. */
export function releasesOf(site: Site, layers: readonly LayerDefinition[], order: readonly OrderedLayer[]): Release[] {
  const definitions = new Map(layersOf(site, layers).map((definition) => [definition.layer, definition]))
  const levels = new Map<Layer, number>()
  return order.flatMap(({layer, dependsOn}) => {
    const definition = definitions.get(layer)
    if (!definition) return []
    const present = dependsOn.filter((name) => definitions.has(name))
    const level = Math.max(0, ...present.map((name) => (levels.get(name) ?? 0) + 1))
    levels.set(layer, level)
    const path = valuesPath(site.environment.name, site.cluster.name, layer)
    const valuesFiles = [`charts/${layer}/values.yaml`, path]
    return [{definition, chart: chartFolder(definition, site.environment), dependsOn: present, level, valuesFiles}]
  })
}
