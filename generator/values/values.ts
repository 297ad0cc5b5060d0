import type {Component, LayerDefinition, Site, Values} from '../component.ts'
import {roleOf} from '../component.ts'
import {defaultValuesOf, isEnabled, valuesOf} from '../model/values.ts'
import type {RenderedFile} from '../rendered-file.ts'
import {yamlBanner} from '../rendered-file.ts'
import {printYaml} from '../yaml/print.ts'
import {difference} from './difference.ts'

/** Path of the values of a layer in a cluster; also what releases refer to. */
export function valuesPath(environment: string, cluster: string, layer: string): string {
  return `environments/${environment}/rendered/${cluster}/${layer}.values.yaml`
}

/** The values of every layer of a cluster: only what differs from the defaults of the chart. */
export function renderValues(site: Site, layers: readonly LayerDefinition[]): RenderedFile[] {
  const environment = site.environment.name
  return layersOf(site, layers).map((definition) => ({
    path: valuesPath(environment, site.cluster.name, definition.layer),
    content: yamlBanner(`environments/${environment}/environment.yaml`) + printYaml(layerValues(definition, site)),
  }))
}

/** The layers that a cluster gets. */
export function layersOf(site: Site, layers: readonly LayerDefinition[]): LayerDefinition[] {
  return layers.filter(({layer, enabled}) => roleOf(layer) === site.cluster.role && (enabled?.(site) ?? true))
}

/** What must be merged over the defaults of the layer's chart, by component. */
export function layerValues({components}: Pick<LayerDefinition, 'components'>, site: Site): Values {
  const entries = components.flatMap((component): [string, unknown][] => {
    const values = componentValues(component, site)
    return values ? [[component.name, values]] : []
  })
  return Object.fromEntries(entries)
}

function componentValues(component: Component, site: Site): Values | undefined {
  if (!isEnabled(component, site)) return {enabled: false}
  return difference(valuesOf(component, site), defaultsOf(component))
}

/** Defaults do not depend on the environment: worked out once, also for ten thousand clusters. */
function defaultsOf(component: Component): Values {
  const known = defaults.get(component) ?? defaultValuesOf(component)
  defaults.set(component, known)
  return known
}

const defaults = new WeakMap<Component, Values>()
