import {relative} from 'node:path/posix'
import type {LayerDefinition, OwnComponent, UpstreamComponent} from '../component.ts'
import {valuesSchema} from '../component.ts'
import type {Environment} from '../environment/schema.ts'
import {symbolic} from '../expression/symbolic.ts'
import type {RenderedFile} from '../rendered-file.ts'
import {templateBanner, yamlBanner} from '../rendered-file.ts'
import {printYaml} from '../yaml/print.ts'
import {layerReadme} from './readme.ts'
import {layerSchemaFile, ownSchemaFile} from './schema-file.ts'
import {printTemplates, type Templates} from './template.ts'
import {layerValuesFile, ownValuesFile} from './values-file.ts'

/** The version of all charts that are rendered. Flux takes a new revision of the repository, not of the version. */
const chartVersion = '0.1.0'
/** The oldest version that upstream charts and objects are checked against. */
const kubeVersion = '>=1.33.0-0'

/** The umbrella chart of a layer with its subcharts. */
export function renderChart(definition: LayerDefinition): RenderedFile[] {
  const folder = sharedFolder(definition)
  const source = `generator/components/${definition.layer}/`
  const own = definition.components.filter((component) => component.kind === 'own')
  return [
    {path: `${folder}/Chart.yaml`, content: yamlBanner(source) + chartFile(definition)},
    {path: `${folder}/values.yaml`, content: yamlBanner(source) + layerValuesFile(definition)},
    {path: `${folder}/values.schema.json`, content: layerSchemaFile(definition, source)},
    {path: `${folder}/README.md`, content: layerReadme(definition, source)},
    {path: `${folder}/templates/NOTES.txt`, content: templateBanner(source) + notes(definition)},
    ...own.flatMap((component) => renderSubchart(component, definition)),
  ]
}

function renderSubchart(component: OwnComponent, {layer}: LayerDefinition): RenderedFile[] {
  const folder = `charts/${layer}/charts/${component.name}`
  const source = `generator/components/${layer}/${component.name}.ts`
  const templates = Object.entries(templatesOf(component)).map(([name, content]) => ({
    path: `${folder}/templates/${name}`,
    content: templateBanner(source) + content,
  }))
  const chart = {...metadataOf(component.name, component.summary), type: 'application', kubeVersion}
  return [
    {path: `${folder}/Chart.yaml`, content: yamlBanner(source) + printYaml(chart)},
    {path: `${folder}/values.yaml`, content: yamlBanner(source) + ownValuesFile(component)},
    {path: `${folder}/values.schema.json`, content: ownSchemaFile(component, source)},
    ...templates,
  ]
}

/** The Helm templates of an own component, by file name. */
export function templatesOf(component: OwnComponent): Templates {
  const value = symbolic(valuesSchema(component)) as Record<string, unknown>
  return printTemplates(component.name, component.objects({value, images: value.images as Record<string, string>}))
}

/**
 * The chart of a layer with its upstream charts from another repository; its own parts are those of the chart that
 * all environments share, and so are its values, which releases name. Flux wants a values.yaml all the same.
 */
export function renderMirroredChart(definition: LayerDefinition, environment: Environment): RenderedFile[] {
  const folder = chartFolder(definition, environment)
  const {mirror} = environment.charts
  if (!mirror || folder === sharedFolder(definition)) return []
  const subcharts = `${relative(folder, sharedFolder(definition))}/charts`
  const banner = yamlBanner(`environments/${environment.name}/environment.yaml`)
  return [
    {path: `${folder}/Chart.yaml`, content: banner + chartFile(definition, {repository: mirror, subcharts})},
    {
      path: `${folder}/values.yaml`,
      content: `${banner}# The values are in ${sharedFolder(definition)}/values.yaml.\n{}\n`,
    },
  ]
}

/** Where a cluster of the environment finds the chart of a layer. */
export function chartFolder(definition: LayerDefinition, {name, charts}: Environment): string {
  const isMirrored = charts.mirror && definition.components.some(({kind}) => kind === 'upstream')
  return isMirrored ? `environments/${name}/rendered/charts/${definition.layer}` : sharedFolder(definition)
}

function sharedFolder({layer}: LayerDefinition): string {
  return `charts/${layer}`
}

interface OtherPlaces {
  /** The repository of all upstream charts. */
  repository: string
  /** Folder of the own parts, relative to the chart. */
  subcharts: string
}

function chartFile({layer, summary, components}: LayerDefinition, places?: OtherPlaces): string {
  return printYaml({
    ...metadataOf(layer, summary),
    type: 'application',
    kubeVersion,
    dependencies: components.map((component) =>
      component.kind === 'own' ? subchart(component, places) : dependency(component, places),
    ),
  })
}

/** What Helm prints after an install. */
function notes({summary, components}: LayerDefinition): string {
  return `${summary}:\n${components.map(({name}) => `  ${name}`).join('\n')}\n`
}

function metadataOf(name: string, summary: string) {
  return {apiVersion: 'v2', name, description: summary, version: chartVersion}
}

function subchart({name}: OwnComponent, places?: OtherPlaces) {
  const repository = places ? {repository: `file://${places.subcharts}/${name}`} : {}
  return {name, version: chartVersion, ...repository, condition: `${name}.enabled`}
}

function dependency({name, chart, enabled}: UpstreamComponent, places?: OtherPlaces) {
  const alias = name === chart.name ? {} : {alias: name}
  const condition = enabled ? {condition: `${name}.enabled`} : {}
  return {
    name: chart.name,
    version: chart.version,
    repository: places?.repository ?? chart.repository,
    ...alias,
    ...condition,
  }
}
