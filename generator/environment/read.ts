import type {LayerDefinition} from '../component.ts'
import {hasErrors, type Issue} from '../issue/issue.ts'
import type {EnvironmentFile} from './find.ts'
import {ruleIssues} from './rules.ts'
import {type Environment, environmentSchema} from './schema.ts'
import {settingsIssues} from './settings.ts'
import {type Path, Source} from './source.ts'
import {exampleAt, schemaIssues} from './zod-issues.ts'

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
  const wrong = new Set<string>()
  const environment = found.length === 0 ? check(source, data, found, wrong) : undefined
  if (environment) {
    const later = [...ruleIssues(source, environment, name), ...settingsIssues(source, environment, layers)]
    found.push(...later.filter(({path = ''}) => !wrong.has(path)))
  }
  issues.push(...found)
  return environment && !hasErrors(found) ? {environment, source} : undefined
}

/**
 * The environment; where values are wrong, with valid ones in their place, so that one run finds all problems.
 * `wrong` gets the paths of those, about which nothing more can be said.
 */
function check(source: Source, data: unknown, issues: Issue[], wrong: Set<string>): Environment | undefined {
  const result = environmentSchema.safeParse(data)
  if (result.success) return result.data
  issues.push(...schemaIssues({source, schema: environmentSchema, error: result.error, data}))
  const rest = structuredClone(data)
  for (const {path, ...issue} of result.error.issues) {
    wrong.add(path.join('.'))
    if (issue.code === 'unrecognized_keys') for (const key of issue.keys) put(rest, [...path, key], undefined)
    else put(rest, path, exampleAt(environmentSchema, path as Path, data))
  }
  return environmentSchema.safeParse(rest).data
}

/** Sets or removes a map entry; list items stay, because without one the places of the others would be wrong. */
function put(data: unknown, path: readonly PropertyKey[], value: unknown): void {
  const parent = path.slice(0, -1).reduce<unknown>((node, step) => (node as Record<PropertyKey, unknown>)?.[step], data)
  const key = path.at(-1)
  if (typeof parent !== 'object' || parent === null || key === undefined) return
  if (value !== undefined) Reflect.set(parent, key, value)
  else if (!Array.isArray(parent)) Reflect.deleteProperty(parent, key)
}
