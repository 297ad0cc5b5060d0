import type {Component, Layer, LayerDefinition, Role} from '../component.ts'
import {roleOf} from '../component.ts'
import type {Issue} from '../issue/issue.ts'
import type {Environment} from './schema.ts'
import type {Path, Source} from './source.ts'
import {nearest, schemaIssues} from './zod-issues.ts'

interface Known {
  component: Component
  role: Role
  layer: Layer
}

/** Problems of all settings: unknown components, and what each component's own schema refuses. */
export function settingsIssues(source: Source, environment: Environment, layers: readonly LayerDefinition[]): Issue[] {
  const known = layers.flatMap(({layer, components}): Known[] =>
    components.map((component) => ({component, layer, role: roleOf(layer)})),
  )
  const check = (settings: Environment['settings'], path: Path, roles: readonly Role[]) =>
    Object.entries(settings).flatMap(([name, value]) => componentIssues({source, known, path, roles, name, value}))
  const {edge, settings} = environment
  return [
    ...check(settings, ['settings'], ['cloud', 'edge']),
    ...check(edge.defaults.settings, ['edge', 'defaults', 'settings'], ['edge']),
    ...edge.clusters.flatMap((cluster, index) =>
      check(cluster.settings, ['edge', 'clusters', index, 'settings'], ['edge']),
    ),
  ]
}

interface Entry {
  source: Source
  known: readonly Known[]
  path: Path
  roles: readonly Role[]
  name: string
  value: Record<string, unknown>
}

function componentIssues({source, known, path, roles, name, value}: Entry): Issue[] {
  const found = known.find(({component}) => component.name === name)
  if (!found) return [unknownComponent({source, known, path, roles, name})]
  if (!roles.includes(found.role)) {
    const message = `Cannot set ${name} here: it runs in the cloud, and this holds for edge clusters`
    return [source.issue({path: [...path, name], at: 'key', message, fix: `move it to settings.${name}`})]
  }
  const {settings} = found.component
  const result = settings.safeParse(value)
  if (result.success) return []
  return schemaIssues({source, schema: settings, error: result.error, data: value, prefix: [...path, name]})
}

function unknownComponent({source, known, path, roles, name}: Omit<Entry, 'value'>): Issue {
  const names = known.filter(({role}) => roles.includes(role)).map(({component}) => component.name)
  const near = nearest(name, names)
  return source.issue({
    code: 'unknown-component',
    path: [...path, name],
    at: 'key',
    message: `Cannot set "${name}": there is no such component`,
    fix: near ? `write ${near}` : `write one of ${names.sort().join(', ')}`,
  })
}
