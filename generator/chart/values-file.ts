import {z} from 'zod'
import type {LayerDefinition, OwnComponent, UpstreamComponent, Values} from '../component.ts'
import {valuesSchema} from '../component.ts'
import {unwrap} from '../expression/symbolic.ts'
import {defaultValuesOf} from '../model/values.ts'
import {printYaml} from '../yaml/print.ts'

/** values.yaml of an own subchart: every key with its default and what it means. */
export function ownValuesFile(component: OwnComponent): string {
  const schema = valuesSchema(component)
  const derived = new Set(Object.keys(component.derived.shape))
  return printYaml(defaultValuesOf(component), {
    comment: (path) => {
      const description = descriptionAt(schema, path)
      const isDerived = path.length === 1 && derived.has(path[0] ?? '')
      return description && (isDerived ? `${description}. Worked out for each cluster.` : `${description}.`)
    },
  })
}

/** values.yaml of a layer: which components it has, and the values of its upstream charts with their reasons. */
export function layerValuesFile({components}: LayerDefinition): string {
  const upstream = components.filter((component) => component.kind === 'upstream')
  const own = components.filter((component) => component.kind === 'own')
  const values: Values = {}
  for (const component of upstream) values[component.name] = upstreamDefaults(component)
  for (const component of own) values[component.name] = {enabled: true}
  return printYaml(values, {comment: (path) => layerComment(upstream, own, path)})
}

/** Values of an upstream chart as the layer's values.yaml has them; `enabled` where a cluster may go without. */
export function upstreamDefaults(component: UpstreamComponent): Values {
  return component.enabled ? {enabled: true, ...defaultValuesOf(component)} : defaultValuesOf(component)
}

function layerComment(
  upstream: readonly UpstreamComponent[],
  own: readonly OwnComponent[],
  path: readonly string[],
): string | undefined {
  const [name, ...rest] = path
  const chart = upstream.find((component) => component.name === name)
  const subchart = own.find((component) => component.name === name)
  if (rest.length === 0) {
    if (chart)
      return `${chart.summary}.\nValues of ${chart.chart.name} ${chart.chart.version}, ${chart.chart.repository}`
    return subchart && `${subchart.summary}.\nIts values: charts/${subchart.name}/values.yaml`
  }
  if (rest.length === 1 && rest[0] === 'enabled') return 'Whether the release has this component.'
  const reason = chart?.comments[rest.join('.')]
  if (reason) return `${reason}.`
  return rest.length === 1 && chart ? `Passed on to chart ${chart.chart.name} as ${rest[0]}.` : undefined
}

function descriptionAt(schema: z.ZodType, path: readonly string[]): string | undefined {
  let current: z.ZodType | undefined = schema
  for (const step of path) {
    const core: z.ZodType = unwrap(current)
    current = core instanceof z.ZodObject ? (core.shape as Record<string, z.ZodType>)[step] : undefined
    if (!current) return undefined
  }
  return descriptionOf(current)
}

function descriptionOf(schema: z.ZodType): string | undefined {
  const inner = (schema.def as {innerType?: z.ZodType}).innerType
  return schema.meta()?.description ?? (inner && descriptionOf(inner))
}
