import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {Ajv, type AnySchema} from 'ajv'
import test from 'ava'
import {parse} from 'yaml'
import type {UpstreamComponent, Values} from '../../generator/component.ts'
import {layerDefinitions} from '../../generator/components/index.ts'
import {findEnvironments} from '../../generator/environment/find.ts'
import {readEnvironment} from '../../generator/environment/read.ts'
import {isTree, merge} from '../../generator/model/merge.ts'
import {sitesOf} from '../../generator/model/sites.ts'
import {defaultValuesOf, isEnabled, valuesOf} from '../../generator/model/values.ts'
import {root} from '../support/paths.ts'
import {chartFolder, hasUpstreamData, upstreamComponents} from '../support/upstream.ts'

/** Keys that the templates of a chart read although its values.yaml does not list them, or lists them as a comment. */
const unlisted: Record<string, readonly string[]> = {
  grafana: [
    'fullnameOverride',
    'podAnnotations',
    'persistence.storageClassName',
    'ingress.ingressClassName',
    // Options of grafana.ini, which the chart prints as they are.
    'grafana.ini.analytics.reporting_enabled',
    'grafana.ini.analytics.check_for_plugin_updates',
    'grafana.ini.users',
    'grafana.ini.plugins',
    'grafana.ini.server.root_url',
  ],
  'cert-manager': [
    'fullnameOverride',
    'image.tag',
    'webhook.image.tag',
    'cainjector.image.tag',
    'acmesolver.image.tag',
  ],
}

for (const component of upstreamComponents) {
  test(`${component.name}: every value is known to chart ${component.chart.name} ${component.chart.version}`, (t) => {
    if (!hasUpstreamData(t)) return
    const folder = chartFolder(component.chart)
    const defaults = parse(readFileSync(join(folder, 'values.yaml'), 'utf8')) as Values
    for (const [where, values] of valuesEverywhere(component)) {
      if (existsSync(join(folder, 'values.schema.json'))) {
        const validate = compile(join(folder, 'values.schema.json'))
        t.true(validate(merge(defaults, values)), `${where}: ${JSON.stringify(validate.errors?.slice(0, 3))}`)
      }
      if (isClosed(folder)) continue
      const unknown = unknownKeys(values, defaults).filter((key) => !unlisted[component.name]?.includes(key))
      t.deepEqual(unknown, [], where)
    }
  })

  test(`${component.name}: a misspelt value would be found`, (t) => {
    if (!hasUpstreamData(t)) return
    const folder = chartFolder(component.chart)
    const defaults = parse(readFileSync(join(folder, 'values.yaml'), 'utf8')) as Values
    const wrong = {...defaultValuesOf(component), resuorces: {}}
    t.true(
      isClosed(folder)
        ? !compile(join(folder, 'values.schema.json'))(merge(defaults, wrong))
        : unknownKeys(wrong, defaults).length > 0,
    )
  })
}

function valuesEverywhere(component: UpstreamComponent): [string, Values][] {
  const sites = findEnvironments(root, []).flatMap((file) => {
    const read = readEnvironment(file, layerDefinitions, [])
    return read ? sitesOf(read.environment, layerDefinitions).slice(0, 1) : []
  })
  return [
    ['chart defaults', defaultValuesOf(component)],
    ...sites
      .filter((site) => isEnabled(component, site))
      .map((site): [string, Values] => [site.environment.name, valuesOf(component, site)]),
  ]
}

function compile(path: string) {
  const schema = JSON.parse(readFileSync(path, 'utf8')) as AnySchema & {$schema?: string}
  delete schema.$schema
  return new Ajv({strict: false, validateFormats: false}).compile(schema)
}

/** Whether the chart's own schema refuses unknown keys at the top. */
function isClosed(folder: string): boolean {
  const path = join(folder, 'values.schema.json')
  if (!existsSync(path)) return false
  const schema = JSON.parse(readFileSync(path, 'utf8')) as {
    additionalProperties?: boolean
    $ref?: string
    $defs?: Values
  }
  const top = schema.$ref ? (schema.$defs?.[schema.$ref.split('/').at(-1) ?? ''] as typeof schema) : schema
  return top.additionalProperties === false
}

/** Paths of keys that the defaults do not have; below an empty map or a list anything goes. */
function unknownKeys(values: Values, defaults: Values, prefix = ''): string[] {
  return Object.entries(values).flatMap(([key, value]) => {
    const path = `${prefix}${key}`
    if (!(key in defaults)) return [path]
    const known = defaults[key]
    if (!isTree(value) || !isTree(known) || Object.keys(known).length === 0) return []
    return unknownKeys(value, known, `${path}.`)
  })
}
