import {copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import {packageName, type VendoredChart, vendoredCharts} from '../chart/vendored.ts'
import type {LayerDefinition, UpstreamComponent} from '../component.ts'
import {run} from './run.ts'
import {chartSource} from './upstream.ts'

export interface VendorOptions {
  root: string
  helm: string
  layers: readonly LayerDefinition[]
  /** A folder of packages, or a repository that holds copies of all charts; default: each chart's own repository. */
  from?: string | undefined
  progress: (text: string) => void
}

/**
 * Puts the packages of all upstream charts into the repository, and takes those of other versions out. All are
 * fetched before the first is replaced. Gives back the paths; an error where one cannot be had.
 */
export async function vendor({root, helm, layers, from, progress}: VendorOptions): Promise<string[]> {
  const charts = vendoredCharts(layers)
  mkdirSync(join(root, '.cache'), {recursive: true})
  const staging = mkdtempSync(join(root, '.cache', 'vendor-'))
  try {
    for (const {component} of charts) {
      progress(`Fetching ${component.chart.name} ${component.chart.version}`)
      await fetchPackage(helm, component, staging, from)
    }
    for (const {component, path} of charts) {
      mkdirSync(join(root, path, '..'), {recursive: true})
      renameSync(join(staging, packageName(component)), join(root, path))
    }
    removeOthers(root, charts)
  } finally {
    rmSync(staging, {recursive: true, force: true})
  }
  return charts.map(({path}) => path)
}

/**
 * Puts the package of a chart into a folder: out of another folder, out of a repository that holds copies, or out of
 * the chart's own. An error that names both where it cannot be had.
 */
export async function fetchPackage(
  helm: string,
  component: UpstreamComponent,
  staging: string,
  from?: string,
): Promise<void> {
  const {repository, name, version} = component.chart
  if (from && !from.includes('://')) {
    const source = join(from, packageName(component))
    if (!existsSync(source)) throw new Error(`Cannot find ${source}: put the package of chart ${name} ${version} there`)
    copyFileSync(source, join(staging, packageName(component)))
    return
  }
  const place = from ?? repository
  const args = ['pull', ...chartSource(place, name), '--version', version, '--destination', staging]
  const {exitCode, stderr} = await run(helm, args)
  if (exitCode !== 0) throw new Error(`Cannot fetch chart ${name} ${version} from ${place}: ${stderr.trim()}`)
}

function removeOthers(root: string, charts: readonly VendoredChart[]): void {
  const expected = new Set(charts.map(({path}) => path))
  const folders = new Set(charts.map(({path}) => path.slice(0, path.lastIndexOf('/'))))
  for (const folder of folders) {
    const packages = readdirSync(join(root, folder)).filter((name) => name.endsWith('.tgz'))
    for (const name of packages) if (!expected.has(`${folder}/${name}`)) rmSync(join(root, folder, name))
  }
}
