import {z} from 'zod'
import type {LayerDefinition, OwnComponent} from '../component.ts'
import {valuesSchema} from '../component.ts'
import {jsonBanner} from '../rendered-file.ts'

type JsonSchema = Record<string, unknown>

/** values.schema.json of an own subchart: unknown keys are refused. */
export function ownSchemaFile(component: OwnComponent, source: string): string {
  const schema = ownSchema(component)
  const properties = schema.properties as JsonSchema
  // Helm adds `global`, and the layer decides with `enabled` whether the subchart is rendered.
  const added = {enabled: {type: 'boolean'}, global: {type: 'object'}}
  return print({$schema: draft, $comment: jsonBanner(source), ...schema, properties: {...properties, ...added}})
}

/** values.schema.json of a layer: its components by name; what is in them is checked by their own schemas. */
export function layerSchemaFile({components, summary}: LayerDefinition, source: string): string {
  const properties = components.map((component) => [component.name, {type: 'object', description: component.summary}])
  return print({
    $schema: draft,
    $comment: jsonBanner(source),
    type: 'object',
    description: summary,
    properties: {...Object.fromEntries(properties), global: {type: 'object'}},
    additionalProperties: false,
  })
}

const draft = 'https://json-schema.org/draft/2020-12/schema'

function ownSchema(component: OwnComponent): JsonSchema {
  const {$schema: _, ...schema} = z.toJSONSchema(valuesSchema(component), {io: 'input', target: 'draft-2020-12'})
  return schema as JsonSchema
}

function print(schema: JsonSchema): string {
  return `${JSON.stringify(schema, null, 2)}\n`
}
