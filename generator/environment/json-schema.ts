import {z} from 'zod'
import type {Component, LayerDefinition} from '../component.ts'
import {roleOf} from '../component.ts'
import {jsonBanner} from '../rendered-file.ts'
import {environmentSchema} from './schema.ts'

export const schemaPath = 'environments/environment.schema.json'

type Json = Record<string, unknown>

/** JSON schema of environment files for editors, with the settings of every component. */
export function environmentJsonSchema(layers: readonly LayerDefinition[]): string {
  const {$schema, ...schema} = z.toJSONSchema(environmentSchema, {io: 'input', target: 'draft-2020-12'}) as Json
  const all = layers.flatMap(({components}) => components)
  const edge = layers.filter(({layer}) => roleOf(layer) === 'edge').flatMap(({components}) => components)
  setSettings(schema, ['settings'], all)
  setSettings(schema, ['edge', 'defaults', 'settings'], edge)
  setSettings(schema, ['edge', 'clusters', '*', 'settings'], edge)
  return `${JSON.stringify({$schema, $comment: jsonBanner('generator/environment/schema.ts'), ...schema}, null, 2)}\n`
}

function setSettings(schema: Json, path: readonly string[], components: readonly Component[]): void {
  const target = path.reduce<Json>((node, step) => {
    return (step === '*' ? node.items : (node.properties as Json)[step]) as Json
  }, schema)
  delete target.propertyNames
  target.additionalProperties = false
  target.properties = Object.fromEntries(components.map((component) => [component.name, settingsSchema(component)]))
}

function settingsSchema({settings, summary}: Component): Json {
  const {$schema: _, ...schema} = z.toJSONSchema(settings, {io: 'input', target: 'draft-2020-12'}) as Json
  return {description: summary, ...schema}
}
