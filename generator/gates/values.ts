import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {Ajv, type AnySchema, type ValidateFunction} from 'ajv'
import {parse} from 'yaml'
import type {UpstreamComponent, Values} from '../component.ts'
import {isTree, merge} from '../model/merge.ts'
import {placeOf, type RenderedCluster, type UpstreamRelease} from '../tree/tree.ts'
import {upstreamFolder} from '../verify/upstream.ts'
import {type ChartFile, chartFiles} from './facts/chart-file.ts'
import {about, type Finding, type Gate} from './gate.ts'

/** What a chart knows of values, at one version. */
interface KnownValues {
  defaults: Values
  validate: ValidateFunction | undefined
}

export default {
  name: 'values',
  rule: 'Every value that is given to a published chart is known to it at the pinned version, by its schema or its values.yaml',
  reason:
    'Helm takes a misspelt key without a word, and the chart goes on with its default: a limit, a mirror or an address that nobody has set.',
  source: 'helm.sh/docs/topics/charts, "Schema Files"; traefik-helm-chart v40 renamed a provider key',
  start: (root) => {
    const missing = new Set<string>()
    const chartFile = chartFiles(root)
    const lookUp = (component: UpstreamComponent) => {
      const name = `${component.chart.name}-${component.chart.version}`
      const found = knownValues(join(upstreamFolder(root), name))
      if (!found) missing.add(`${component.chart.name} ${component.chart.version}`)
      return found
    }
    return {
      cluster: (cluster) =>
        cluster.charts.flatMap((release) => [
          ...versionFindings(release, cluster, chartFile),
          ...valueFindings(release, cluster, lookUp(release.component)),
        ]),
      incomplete: () =>
        missing.size > 0
          ? `no data of ${[...missing].join(', ')}: run npm run upstream on a connected machine`
          : undefined,
    }
  },
} satisfies Gate

/** Schemas of charts are large, and the data of a version never changes: each is read once. */
function knownValues(folder: string): KnownValues | undefined {
  const found = known.get(folder) ?? read(folder)
  if (found) known.set(folder, found)
  return found
}

const known = new Map<string, KnownValues>()

function read(folder: string): KnownValues | undefined {
  if (!existsSync(join(folder, 'values.yaml'))) return undefined
  const defaults = parse(readFileSync(join(folder, 'values.yaml'), 'utf8')) as Values
  const schemaFile = join(folder, 'values.schema.json')
  if (!existsSync(schemaFile)) return {defaults, validate: undefined}
  const schema = JSON.parse(readFileSync(schemaFile, 'utf8')) as Values & {$schema?: string}
  delete schema.$schema
  const validate = new Ajv({strict: false, validateFormats: false, allErrors: true}).compile(schema as AnySchema)
  return {defaults, validate}
}

/** The chart that is pinned in Chart.yaml is the one whose values are known. */
function versionFindings(
  {component, layer}: UpstreamRelease,
  cluster: RenderedCluster,
  chartFile: (path: string) => ChartFile,
): Finding[] {
  const file = `${folderOf(cluster, layer)}/Chart.yaml`
  const {name, version} = component.chart
  const pinned = chartFile(file).dependencies.find((each) => each.name === name)
  if (pinned?.version === version) return []
  const message = pinned
    ? `Chart ${name} is pinned to ${pinned.version}, and its values were written for ${version}`
    : `Chart ${name} is not among the dependencies of ${layer}`
  return [
    about(
      {file},
      cluster,
      message,
      `change the version in generator/components/${layer}/${component.name}.ts, run npm run upstream and npm run render`,
    ),
  ]
}

/** With a mirror of charts, the chart of a layer with published charts is one of the environment. */
function folderOf({site}: RenderedCluster, layer: string): string {
  const {name, charts} = site.environment
  return charts.mirror ? `environments/${name}/rendered/charts/${layer}` : `charts/${layer}`
}

function valueFindings(release: UpstreamRelease, cluster: RenderedCluster, known: KnownValues | undefined): Finding[] {
  if (!known) return []
  const {component, values} = release
  const {name, version} = component.chart
  const say = (path: string, problem: string) =>
    about(
      placeOf(release),
      cluster,
      `Chart ${name} ${version} ${problem}: ${component.name}.${path}`,
      'look the key up in the values.yaml of that version',
      `${path.split('.').at(-1)}:`,
    )
  // The schema and the keys may say the same of one path.
  const problems = new Map([
    ...imageProblems(component, merge(known.defaults, values)),
    ...keyProblems(component, values, known),
    ...schemaProblems(values, known),
  ])
  return [...problems].map(([path, problem]) => say(path, problem))
}

/** Images that the chart would run and that the component file does not know of: nobody looks at their architectures. */
function imageProblems({pods, unusedImages = {}}: UpstreamComponent, values: Values): [string, string][] {
  const listed = new Set([...pods.map(({image}) => image), ...Object.keys(unusedImages)])
  return imagePaths(values)
    .filter((path) => !listed.has(path))
    .map((path) => [path, 'runs an image that is neither among pods nor among unusedImages of the component'])
}

/** Paths of maps that name an image, but for those in parts that are switched off. */
function imagePaths(values: Values, prefix = ''): string[] {
  if (values.enabled === false) return []
  const own =
    typeof values.repository === 'string' && values.repository !== '' && 'tag' in values ? [prefix.slice(0, -1)] : []
  return [
    ...own,
    ...Object.entries(values).flatMap(([key, value]) => (isTree(value) ? imagePaths(value, `${prefix}${key}.`) : [])),
  ]
}

const unknownValue = 'does not know this value'

function keyProblems({unlisted = []}: UpstreamComponent, values: Values, known: KnownValues): [string, string][] {
  const {defaults, validate} = known
  const listed = new Set([...unlisted, 'enabled'])
  const unknown = unknownKeys(values, defaults).filter((path) => !listed.has(path))
  const others = validate ? [] : otherTypes(values, defaults)
  return [
    ...unknown.map((path): [string, string] => [path, unknownValue]),
    ...others.map((path): [string, string] => [path, 'has another type of value there']),
  ]
}

function schemaProblems(values: Values, {defaults, validate}: KnownValues): [string, string][] {
  const wrong = validate && !validate(merge(defaults, values)) ? (validate.errors ?? []) : []
  return wrong
    .filter(({keyword}) => !['anyOf', 'oneOf', 'if'].includes(keyword))
    .map(({instancePath, params, message = ''}) => {
      const extra = (params as {additionalProperty?: string}).additionalProperty
      const path = [...instancePath.split('/').slice(1), ...(extra ? [extra] : [])].join('.')
      return [path, extra ? unknownValue : `does not take this value, which ${message}`]
    })
}

/** Paths of values that are no switch or map although the default is one, for charts without a schema. */
function otherTypes(values: Values, defaults: Values, prefix = ''): string[] {
  return Object.entries(values).flatMap(([key, value]) => {
    const present = defaults[key]
    const path = prefix + key
    if (isTree(value) && isTree(present)) return otherTypes(value, present, `${path}.`)
    const isFixed = typeof present === 'boolean' || isTree(present)
    return isFixed && value !== null && typeof value !== typeof present ? [path] : []
  })
}

/** Paths of keys that the defaults do not have; below an empty map or a list anything goes. */
function unknownKeys(values: Values, defaults: Values, prefix = ''): string[] {
  return Object.entries(values).flatMap(([key, value]) => {
    const path = prefix + key
    if (!(key in defaults)) return [path]
    const present = defaults[key]
    if (!isTree(value) || !isTree(present) || Object.keys(present).length === 0) return []
    return unknownKeys(value, present, `${path}.`)
  })
}
