import type {LayerDefinition, Site} from '../component.ts'
import type {OrderedLayer} from '../model/order.ts'
import {layersOf, valuesPath} from '../values/values.ts'
import type {Release} from './engine.ts'

/** The releases of a cluster in their order; a layer that the cluster does not get is nobody's dependency. */
export function releasesOf(site: Site, layers: readonly LayerDefinition[], order: readonly OrderedLayer[]): Release[] {
  const definitions = layersOf(site, layers)
  const present = new Set(definitions.map(({layer}) => layer))
  return order.flatMap(({layer, dependsOn}) => {
    const definition = definitions.find((candidate) => candidate.layer === layer)
    if (!definition) return []
    const path = valuesPath(site.environment.name, site.cluster.name, layer)
    const valuesFiles = [`charts/${layer}/values.yaml`, path]
    return [{definition, dependsOn: dependsOn.filter((name) => present.has(name)), valuesFiles}]
  })
}
