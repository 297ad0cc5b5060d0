import type {LayerDefinition} from '../component.ts'
import {hasErrors, type Issue} from '../issue/issue.ts'
import type {EnvironmentFile} from './find.ts'
import {ruleIssues} from './rules.ts'
import {type Environment, environmentSchema} from './schema.ts'
import {settingsIssues} from './settings.ts'
import {Source} from './source.ts'
import {schemaIssues} from './zod-issues.ts'

export interface ReadEnvironment {
  environment: Environment
  source: Source
}

/** Text to a checked environment; all problems go to `issues`, and with an error there is no environment. */
export function readEnvironment(
  {name, file, content}: EnvironmentFile,
  layers: readonly LayerDefinition[],
  issues: Issue[],
): ReadEnvironment | undefined {
  const source = new Source(file, content)
  const found: Issue[] = []
  const data = source.data(found)
  const environment = found.length === 0 ? check(source, data, found) : undefined
  if (environment) found.push(...ruleIssues(source, environment, name), ...settingsIssues(source, environment, layers))
  issues.push(...found)
  return environment && !hasErrors(found) ? {environment, source} : undefined
}

/** The environment, or what is left of it without the wrong values, so that one run finds all problems. */
function check(source: Source, data: unknown, issues: Issue[]): Environment | undefined {
  const result = environmentSchema.safeParse(data)
  if (result.success) return result.data
  issues.push(...schemaIssues({source, schema: environmentSchema, error: result.error, data}))
  const rest = structuredClone(data)
  for (const {path, ...issue} of result.error.issues) {
    if (issue.code === 'unrecognized_keys') for (const key of issue.keys) remove(rest, [...path, key])
    else remove(rest, path)
  }
  return environmentSchema.safeParse(rest).data
}

/** Removes a map entry; list items stay, because without one the places of the others would be wrong. */
function remove(data: unknown, path: readonly PropertyKey[]): void {
  const parent = path.slice(0, -1).reduce<unknown>((node, step) => (node as Record<PropertyKey, unknown>)?.[step], data)
  const key = path.at(-1)
  if (typeof parent === 'object' && parent !== null && !Array.isArray(parent) && key !== undefined) {
    Reflect.deleteProperty(parent, key)
  }
}
