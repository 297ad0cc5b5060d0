import {readFileSync} from 'node:fs'
import Handlebars from 'handlebars'
import type {Component, LayerDefinition, OwnComponent, Values} from '../component.ts'
import {valuesSchema} from '../component.ts'
import {defaultValuesOf} from '../model/values.ts'
import {markdownBanner} from '../rendered-file.ts'
import {describeKeys} from '../secret.ts'

const templateText = readFileSync(new URL('./readme.hbs', import.meta.url), 'utf8')
const template = Handlebars.compile(templateText, {noEscape: true, strict: true})

/** README.md of a layer: its components, images, secrets and values. */
export function layerReadme(definition: LayerDefinition, source: string): string {
  const {components} = definition
  return `${template({
    ...definition,
    banner: markdownBanner(source),
    offline: components.every(({kind}) => kind === 'own'),
    components: components.map(describeComponent),
  }).trim()}\n`
}

function describeComponent(component: Component) {
  return {
    name: component.name,
    summary: component.summary,
    notes: component.notes,
    version: versionOf(component),
    chart: component.kind === 'upstream' ? component.chart : undefined,
    images: Object.entries(component.images).map(([name, {reference, architectures}]) => ({
      name,
      reference,
      architectures: architectures.join(', '),
    })),
    secrets: (component.secrets ?? []).map((secret) => ({
      ...secret,
      keys: describeKeys(secret.keys),
    })),
    values: component.kind === 'own' ? describeValues(component) : settingsOf(component),
  }
}

/** The tag of the first image, or what the component is where it has none. */
export function versionOf(component: Component): string {
  const [image] = Object.values(component.images)
  return image ? (image.reference.split(':').at(-1) ?? '') : 'configuration'
}

function describeValues(component: OwnComponent) {
  const defaults = defaultValuesOf(component)
  return Object.entries(valuesSchema(component).shape)
    .filter(([key]) => key !== 'images')
    .map(([key, schema]) => describeValue(key, defaults[key], schema as {description?: string | undefined}))
}

function settingsOf(component: Component) {
  const defaults = component.settings.parse({}) as Values
  return Object.entries(component.settings.shape).map(([key, schema]) =>
    describeValue(`(setting) ${key}`, defaults[key], schema as {description?: string | undefined}),
  )
}

function describeValue(key: string, value: unknown, schema: {description?: string | undefined}) {
  return {key, default: JSON.stringify(value), meaning: schema.description ?? ''}
}
