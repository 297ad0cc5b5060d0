import {existsSync, statSync} from 'node:fs'
import {join, normalize} from 'node:path/posix'
import type {KubernetesObject} from '../../component.ts'
import {clusterFolder, remoteClusters} from '../../gitops/engine.ts'
import {nameOf, type Placed, type RenderedCluster} from '../../tree/tree.ts'
import {textWithin, within} from '../facts/agents.ts'
import {about, type Finding, type Surroundings} from '../gate.ts'
import {given, render, type Say} from './context.ts'

/** What Flux and Argo CD are told of. */
export function engineFindings(cluster: RenderedCluster, {cloud}: Surroundings, root: string): Finding[] {
  const isRemote = cluster.site.cluster.reconcile === 'remote'
  const beside = isRemote ? [...cluster.engine, ...cloud.engine] : cluster.engine
  return [
    ...cluster.engine.flatMap((placed) => pathFindings(cluster, placed, beside, root)),
    ...listFindings(cluster),
    ...unserved(cluster),
  ]
}

/** Folders, files and sources that Flux and Argo CD are told of. */
function pathFindings(cluster: RenderedCluster, placed: Placed, beside: readonly Placed[], root: string): Finding[] {
  const {object} = placed
  const say: Say = (message, fix = render) => about(placed, cluster, `${nameOf(object)}: ${message}`, fix)
  const chart = textWithin(object, 'spec', 'chart', 'spec', 'chart')
  const path = textWithin(object, 'spec', 'path') || textWithin(object, 'spec', 'source', 'path')
  const folder = chart || path
  const values = (within(object, 'spec', 'chart', 'spec', 'valuesFiles') ?? []) as string[]
  const relative = (within(object, 'spec', 'source', 'helm', 'valueFiles') ?? []) as string[]
  const files = [...values, ...relative.map((file) => normalize(join(path, file)))]
  const source = (within(object, 'spec', 'sourceRef') ?? within(object, 'spec', 'chart', 'spec', 'sourceRef')) as
    | Source
    | undefined
  const project = object.kind === 'Application' ? textWithin(object, 'spec', 'project') : ''
  const own = object.metadata.namespace
  const isThere = (kind: string, namespace: string | undefined, name: string) =>
    beside.some(
      ({object: {kind: other, metadata}}) =>
        other === kind && metadata.name === name && metadata.namespace === namespace,
    )
  const release = textWithin(object, 'spec', 'releaseName')
  return [
    ...(folder && !isFolder(root, folder) ? [say(`there is no folder ${folder}`)] : []),
    ...files.filter((file) => !existsSync(join(root, file))).map((file) => say(`there is no file ${file}`)),
    ...(object.kind === 'HelmRelease' &&
    !values.some((file) => file.includes(`/${cluster.site.cluster.name}/${release}.`))
      ? [say(`it does not read the values of ${cluster.site.cluster.name} for ${release}`)]
      : []),
    ...(source && !isThere(source.kind, source.namespace ?? own, source.name)
      ? [say(`there is no ${source.kind} ${source.namespace ?? own}/${source.name}`)]
      : []),
    ...(project && !isThere('AppProject', own, project) ? [say(`there is no AppProject ${project}`)] : []),
    ...namespaceOfRelease(cluster, object).map((text) => say(text)),
  ]
}

interface Source {
  kind: string
  name: string
  namespace?: string
}

/** A release must go where its layer belongs, and be kept there. */
function namespaceOfRelease(cluster: RenderedCluster, object: KubernetesObject): string[] {
  const layer = textWithin(object, 'spec', 'releaseName') || textWithin(object, 'spec', 'source', 'helm', 'releaseName')
  const target = textWithin(object, 'spec', 'targetNamespace') || textWithin(object, 'spec', 'destination', 'namespace')
  const storage = textWithin(object, 'spec', 'storageNamespace')
  if (!layer || !target) return layer && object.kind === 'HelmRelease' ? ['it names no targetNamespace'] : []
  const namespaces = new Set(
    [...cluster.objects, ...cluster.engine]
      .filter(({object: {kind}}) => kind === 'Namespace')
      .map(({object: {metadata}}) => metadata.name),
  )
  const isThere = namespaces.has(target) || given.has(target)
  const belongs = cluster.charts.find((chart) => chart.layer === layer)?.namespace
  return [
    ...(isThere ? [] : [`it goes into namespace ${target}, which is not there`]),
    ...(belongs === undefined || belongs === target
      ? []
      : [`it goes into namespace ${target}, and what it has belongs into ${belongs}`]),
    ...(storage && storage !== target ? [`Helm would look for it in namespace ${storage}`] : []),
  ]
}

function isFolder(root: string, path: string): boolean {
  return statSync(join(root, path), {throwIfNoEntry: false})?.isDirectory() ?? false
}

/** Flux applies what kustomization.yaml lists, and nothing else in the folder. */
function listFindings(cluster: RenderedCluster): Finding[] {
  const files = new Set(cluster.engine.map(({file}) => file.split('/').at(-1) ?? ''))
  return cluster.lists
    .filter(({file}) => /^clusters\/[^/]+\/[^/]+\/kustomization\.yaml$/.test(file))
    .flatMap(({file, resources}) => [
      ...resources
        .filter((name) => !name.includes('/') && !files.has(name))
        .map((name) => about({file}, cluster, `It lists ${name}, which is not there`, render, name)),
      ...[...files]
        .filter((name) => !resources.includes(name))
        .map((name) =>
          about({file}, cluster, `It does not list ${name}, so Flux would not apply it`, render, 'resources:'),
        ),
    ])
}

/** The cloud applies the folder of each edge cluster that it serves, and each cluster its own. */
function unserved(cluster: RenderedCluster): Finding[] {
  const {environment} = cluster.site
  const own = cluster.site.cluster.reconcile === 'remote' ? [] : [cluster.site.cluster.name]
  const served = [...own, ...remoteClusters(cluster.site).map(({name}) => name)]
  const applied = cluster.engine
    .map(({object}) => textWithin(object, 'spec', 'path') || textWithin(object, 'spec', 'source', 'path'))
    .map((path) => path.replace(/^\.\//, ''))
  return served
    .filter((name) => !applied.includes(clusterFolder(environment, name)))
    .map((name) =>
      about(
        {file: clusterFolder(environment, cluster.site.cluster.name)},
        cluster,
        `Nothing applies ${clusterFolder(environment, name)}`,
        render,
      ),
    )
}
