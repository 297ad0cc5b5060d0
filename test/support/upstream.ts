import {existsSync, readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import type {ExecutionContext} from 'ava'
import {layerDefinitions} from '../../generator/components/index.ts'
import {upstreamFolder} from '../../generator/verify/upstream.ts'
import {root} from './paths.ts'

export const upstreamComponents = layerDefinitions
  .flatMap(({components}) => components)
  .filter((component) => component.kind === 'upstream')

const cache = upstreamFolder(root)

/** Whether the data of every upstream chart is there; if not, the test says loudly what it could not check. */
export function hasUpstreamData(t: ExecutionContext): boolean {
  const missing = upstreamComponents.filter((component) => !existsSync(chartFolder(component.chart)))
  if (missing.length === 0 && existsSync(join(cache, 'argo-cd-crds'))) return true
  const charts = [...missing.map(({chart}) => `${chart.name} ${chart.version}`), 'Argo CD'].join(', ')
  process.stderr.write(
    `\n  SKIPPED: ${t.title}\n  There is no data of ${charts} in ${cache}.\n  Run npm run upstream on a connected machine.\n\n`,
  )
  t.log('SKIPPED: run npm run upstream on a connected machine')
  t.pass()
  return false
}

/** Folder of a chart's values.yaml, values.schema.json and crds.yaml. */
export function chartFolder({name, version}: {name: string; version: string}): string {
  return join(cache, `${name}-${version}`)
}

/** The custom resource definitions of all upstream charts and of Argo CD, as YAML. */
export function upstreamCrds(): string[] {
  return readdirSync(cache)
    .flatMap((name) => readdirSync(join(cache, name)).map((file) => join(cache, name, file)))
    .filter((path) => /crds?\.yaml$/.test(path))
    .map((path) => readFileSync(path, 'utf8'))
}
