import {cpSync, existsSync, readdirSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import type {KubernetesObject, Site, UpstreamComponent} from '../../../generator/component.ts'
import {sealedPaths} from '../../../generator/environment/sealed.ts'
import type {Release} from '../../../generator/gitops/engine.ts'
import {run} from '../../../generator/verify/run.ts'
import {requireTool, tools} from '../../../generator/verify/tools.ts'
import {root} from '../../support/paths.ts'
import {releasesIn} from './environment-files.ts'
import type {Member} from './fleet.ts'
import {parseObjects, readObjects} from './objects.ts'

/** The objects of the releases of a cluster as the real helm makes them of a clone, in the order of the releases. */
export async function objectsOfReleases(clone: string, {api}: Member, site: Site): Promise<KubernetesObject[]> {
  const copy = `${clone}-expected`
  rmSync(copy, {recursive: true, force: true})
  cpSync(clone, copy, {recursive: true})
  const objects: KubernetesObject[] = []
  for (const release of releasesIn(site)) {
    objects.push(...(await api.inNamespace(await objectsOf(copy, release), release.definition.namespace)))
  }
  return objects
}

/** The objects that what reconciles a cluster is given: those in its own folder, and in those that it serves. */
export function objectsOfEngine(clone: string, {environment, cluster, edgeClusters}: Site): KubernetesObject[] {
  if (cluster.reconcile === 'remote') return []
  const served = cluster.role === 'cloud' ? edgeClusters.filter(({reconcile}) => reconcile === 'remote') : []
  return [cluster, ...served].flatMap(({name}) => {
    const folder = join(clone, 'clusters', environment.name, name)
    const files = readdirSync(folder).filter((file) => file.endsWith('.yaml') && !notApplied.includes(file))
    return files.flatMap((file) => readObjects(join(folder, file)))
  })
}

/** What is a list for another, or for another to decrypt. */
const notApplied = ['kustomization.yaml', 'secrets.sops.yaml']

/** The Secrets that a cluster is given, without what is in them. */
export function decryptedSecrets(clone: string, {environment, cluster}: Site): KubernetesObject[] {
  const path = join(clone, sealedPaths(environment.name, cluster.name).secrets)
  return readObjects(path).map(({apiVersion, kind, metadata}) => ({apiVersion, kind, metadata}))
}

async function objectsOf(clone: string, {definition, chart, valuesFiles}: Release): Promise<KubernetesObject[]> {
  const {layer, namespace, components} = definition
  const isComplete = components.every((component) => component.kind === 'own' || isVendored(clone, chart, component))
  if (!isComplete) await helm(clone, 'dependency', 'build', chart)
  const values = valuesFiles.flatMap((file) => ['--values', file])
  const output = await helm(clone, 'template', layer, chart, '--namespace', namespace, '--include-crds', ...values)
  return parseObjects(output)
}

function isVendored(clone: string, folder: string, {chart}: UpstreamComponent): boolean {
  return existsSync(join(clone, folder, 'charts', `${chart.name}-${chart.version}.tgz`))
}

async function helm(clone: string, ...args: string[]): Promise<string> {
  const env = {HELM_CACHE_HOME: join(clone, '.helm/cache'), HELM_CONFIG_HOME: join(clone, '.helm/config')}
  const {stdout, stderr, exitCode} = await run(await requireTool(root, tools.helm), args, {cwd: clone, env})
  if (exitCode !== 0) throw new Error(`helm ${args.join(' ')}: ${stderr}`)
  return stdout
}
