import type {Component, ImageParts, OwnComponent, Site, UpstreamComponent, Values} from '../component.ts'
import {valuesSchema} from '../component.ts'
import {imagesOf, parseImage} from './images.ts'
import {merge} from './merge.ts'

type Settings = Record<string, unknown>

/** The settings of a component in a cluster: environment, edge defaults, edge cluster; the later one wins. */
export function settingsOf(component: Component, site: Site): Settings {
  const {settings, edge} = site.environment
  const own = settings[component.name] ?? {}
  if (site.cluster.role === 'cloud') return parsed(component, own)
  const defaults = edge.defaults.settings[component.name] ?? {}
  return parsed(component, merge(own, defaults, site.settings[component.name] ?? {}))
}

/** With defaults filled in. Most clusters of a fleet have the same settings, so each kind is parsed once. */
function parsed(component: Component, settings: Settings): Settings {
  const key = JSON.stringify(settings)
  const known = parsedSettings.get(component) ?? new Map<string, Settings>()
  parsedSettings.set(component, known)
  const found = known.get(key) ?? component.settings.parse(settings)
  known.set(key, found)
  return found
}

const parsedSettings = new WeakMap<Component, Map<string, Settings>>()

/** All values of a component in a cluster, defaults included. */
export function valuesOf(component: Component, site: Site): Values {
  const settings = settingsOf(component, site)
  const images = imagesOf(component, site)
  if (component.kind === 'own') return {...settings, ...component.derive(site, settings), images}
  return merge(upstreamValues(component, settings, images), component.derive?.(site, settings) ?? {})
}

/** The values that a chart carries: what holds where no environment says otherwise. */
export function defaultValuesOf(component: Component): Values {
  if (component.kind === 'own') return ownDefaults(component)
  const references = Object.entries(component.images).map(([name, {reference}]) => [name, reference])
  return upstreamValues(component, component.settings.parse({}), Object.fromEntries(references))
}

function ownDefaults(component: OwnComponent): Values {
  return valuesSchema(component).parse({})
}

function upstreamValues(component: UpstreamComponent, settings: Settings, images: Record<string, string>): Values {
  const parts: Record<string, ImageParts> = {}
  for (const [name, reference] of Object.entries(images)) parts[name] = parseImage(reference)
  return component.values({settings, images: parts})
}

/** Whether the cluster gets the component. */
export function isEnabled(component: Component, site: Site): boolean {
  return component.enabled?.(site) ?? true
}
