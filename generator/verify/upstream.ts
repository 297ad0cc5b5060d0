import {cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {parseAllDocuments, stringify} from 'yaml'
import type {UpstreamComponent} from '../component.ts'
import {defaultValuesOf} from '../model/values.ts'
import {printYaml} from '../yaml/print.ts'
import {clusterPrograms} from './cluster-programs.ts'
import {downloadModule} from './go-module.ts'
import {run} from './run.ts'

/** Folder of data of upstream charts, which Git ignores: CHART-VERSION/{values.yaml,values.schema.json,crds.yaml}. */
export function upstreamFolder(root: string): string {
  return join(root, '.cache', 'upstream')
}

/** Fetches a chart with `helm pull` and keeps its values, their schema and its custom resource definitions. */
export async function fetchUpstream(root: string, helm: string, component: UpstreamComponent): Promise<void> {
  const {name, version} = component.chart
  const target = join(upstreamFolder(root), `${name}-${version}`)
  if (existsSync(join(target, 'values.yaml'))) return
  const temporary = mkdtempSync(join(tmpdir(), 'upstream-'))
  try {
    await expectSuccess(helm, pullArgs(component, temporary))
    const chart = join(temporary, name)
    const crds = await definitionsOf(helm, chart, component)
    mkdirSync(target, {recursive: true})
    for (const file of ['values.schema.json', 'values.yaml']) {
      if (existsSync(join(chart, file))) cpSync(join(chart, file), join(target, file))
    }
    if (crds) writeFileSync(join(target, 'crds.yaml'), crds)
  } finally {
    rmSync(temporary, {recursive: true, force: true})
  }
}

function pullArgs({chart}: UpstreamComponent, destination: string): string[] {
  const {repository, name, version} = chart
  return ['pull', ...chartSource(repository, name), '--version', version, '--untar', '--untardir', destination]
}

/** How helm is told of a chart: registries take the name into the address. */
export function chartSource(repository: string, name: string): string[] {
  return repository.startsWith('oci://') ? [`${repository}/${name}`] : [name, '--repo', repository]
}

/** Keeps the definitions of Application and AppProject, out of the module of Argo CD, beside those of the charts. */
export async function fetchArgoDefinitions(root: string): Promise<void> {
  const target = join(upstreamFolder(root), 'argo-cd-crds')
  const {module, version} = clusterPrograms.argoCd
  const {Dir} = await downloadModule(module, version)
  mkdirSync(target, {recursive: true})
  for (const file of ['application-crd.yaml', 'appproject-crd.yaml']) {
    writeFileSync(join(target, file), readFileSync(join(Dir, 'manifests/crds', file)))
  }
}

/** Some charts keep definitions in crds/, some among their templates: rendering finds both. */
async function definitionsOf(helm: string, chart: string, component: UpstreamComponent): Promise<string> {
  const values = join(chart, 'values-of-this-project.yaml')
  writeFileSync(values, printYaml(defaultValuesOf(component)))
  const output = await expectSuccess(helm, ['template', 'x', chart, '--include-crds', '--values', values])
  return parseAllDocuments(output, {uniqueKeys: false})
    .map((document) => document.toJS() as {kind?: string} | null)
    .filter((object) => object?.kind === 'CustomResourceDefinition')
    .map((object) => `---\n${stringify(object)}`)
    .join('')
}

async function expectSuccess(helm: string, args: string[]): Promise<string> {
  const {stdout, stderr, exitCode} = await run(helm, args)
  if (exitCode !== 0) throw new Error(`Cannot run helm ${args.join(' ')}: ${stderr.trim()}`)
  return stdout
}
