import {existsSync, readdirSync} from 'node:fs'
import {join} from 'node:path'
import type {LayerDefinition, UpstreamComponent} from '../component.ts'
import type {Issue} from '../issue/issue.ts'

/** A chart package that belongs beside the own parts of a layer, as a path in the repository. */
export interface VendoredChart {
  component: UpstreamComponent
  path: string
}

/** Where the packages of upstream charts go; Helm, Flux and Argo CD take what lies there and download nothing. */
export function vendoredCharts(layers: readonly LayerDefinition[]): VendoredChart[] {
  return layers.flatMap(({layer, components}) =>
    components
      .filter((component) => component.kind === 'upstream')
      .map((component) => ({component, path: `${folderOf(layer)}/${packageName(component)}`})),
  )
}

/** As `helm package` calls it. */
export function packageName({chart}: UpstreamComponent): string {
  return `${chart.name}-${chart.version}.tgz`
}

function folderOf(layer: string): string {
  return `charts/${layer}/charts`
}

/**
 * Problems of packages in the repository. Helm takes whatever package lies there, of any version, and asks the network
 * for what is missing (argoproj/argo-cd issue 16725).
 */
export function vendoredIssues(root: string, layers: readonly LayerDefinition[]): Issue[] {
  return layers.flatMap((definition) => {
    const folder = folderOf(definition.layer)
    const present = existsSync(join(root, folder)) ? readdirSync(join(root, folder)).filter(isPackage) : []
    const expected = vendoredCharts([definition]).map(({component}) => packageName(component))
    const missing = expected.filter((name) => !present.includes(name))
    if (present.length === 0) return []
    const known = expected.join(', ') || 'no package'
    return [
      ...present
        .filter((name) => !expected.includes(name))
        .map((name) => problem(`${folder}/${name}`, `Cannot use this chart package: the layer needs ${known}`)),
      ...missing.map((name) => problem(folder, `Cannot find chart package ${name} beside the others`)),
    ]
  })
}

function isPackage(name: string): boolean {
  return name.endsWith('.tgz')
}

function problem(file: string, message: string): Issue {
  const fix = 'run npm run vendor, which fetches the pinned versions of all; or remove every .tgz file here'
  return {severity: 'error', code: 'vendored-chart', file, message, fix}
}
