import {existsSync, statSync} from 'node:fs'
import {dirname, join, normalize} from 'node:path/posix'
import ignore from 'ignore'
import type {KubernetesObject} from '../../component.ts'
import {clusterFolder, remoteClusters} from '../../gitops/engine.ts'
import {oncePer} from '../../tree/once.ts'
import {nameOf, type Placed, type RenderedCluster} from '../../tree/tree.ts'
import {textWithin, within} from '../facts/agents.ts'
import {about, type Finding, type Surroundings} from '../gate.ts'
import {given, idOf, render, type Say} from './context.ts'

/** What Flux and Argo CD are told of. */
export function engineFindings(cluster: RenderedCluster, {cloud}: Surroundings, root: string): Finding[] {
  // What reconciles a remote edge cluster stands in the cloud.
  const places = cluster.site.cluster.reconcile === 'remote' ? [cluster, cloud] : [cluster]
  const isThere = (kind: string, namespace: string | undefined, name: string) =>
    places.some((each) => namesIn(each).has(idOf({apiVersion: '', kind, metadata: {name, namespace: namespace ?? ''}})))
  return [
    ...cluster.engine.flatMap((placed) => pathFindings(cluster, placed, isThere, root)),
    ...listFindings(cluster, root),
    ...unserved(cluster),
    ...hidden(cluster),
  ]
}

const namesIn = oncePer(({engine}: RenderedCluster) => new Set(engine.map(({object}) => idOf(object))))

type IsThere = (kind: string, namespace: string | undefined, name: string) => boolean

/** Folders, files and sources that Flux and Argo CD are told of. */
function pathFindings(cluster: RenderedCluster, placed: Placed, isThere: IsThere, root: string): Finding[] {
  const {object} = placed
  const say: Say = (message, fix = render, mark = '') =>
    about(placed, cluster, `${nameOf(object)}: ${message}`, fix, mark)
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
  const release = textWithin(object, 'spec', 'releaseName')
  return [
    ...(folder && !isFolder(root, folder) ? [say(`there is no folder ${folder}`, render, folder)] : []),
    ...files
      .filter((file) => !existsSync(join(root, file)))
      .map((file) => say(`there is no file ${file}`, render, file.split('/').slice(-2).join('/'))),
    ...(object.kind === 'HelmRelease' &&
    !values.some((file) => file.includes(`/${cluster.site.cluster.name}/${release}.`))
      ? [say(`it does not read the values of ${cluster.site.cluster.name} for ${release}`, render, 'valuesFiles:')]
      : []),
    ...(source && !isThere(source.kind, source.namespace ?? own, source.name)
      ? [say(`there is no ${source.kind} ${source.namespace ?? own}/${source.name}`, render, 'sourceRef:')]
      : []),
    ...(project && !isThere('AppProject', own, project)
      ? [say(`there is no AppProject ${project}`, render, 'project:')]
      : []),
    ...namespaceOfRelease(cluster, object).map((text) =>
      say(text, render, object.kind === 'HelmRelease' ? 'targetNamespace:' : 'destination:'),
    ),
    ...otherCluster(cluster, object).map((text) => say(text, again)),
    ...(within(object, 'spec', 'suspend') === true
      ? [say('it is suspended: nothing of it is applied', again, 'suspend:')]
      : []),
  ]
}

/** What a remote cluster gets is sent there, and what a cluster gets itself stays. */
function otherCluster({site}: RenderedCluster, object: KubernetesObject): string[] {
  const {name, reconcile} = site.cluster
  const isRemote = reconcile === 'remote'
  if (object.kind === 'Application') {
    const destination = textWithin(object, 'spec', 'destination', 'name')
    const wanted = isRemote ? `edge-${name}` : ''
    return destination === wanted
      ? []
      : [`it goes into ${destination || 'the cluster of Argo CD itself'}, not into ${name}`]
  }
  if (object.kind !== 'HelmRelease' && !(object.kind === 'Kustomization' && isRemote)) return []
  const isSent = within(object, 'spec', 'kubeConfig', 'secretRef') !== undefined
  if (isSent === isRemote) return []
  return [
    isRemote
      ? `it names no kubeConfig, and would go into the cloud in place of ${name}`
      : `it goes into another cluster than ${name}`,
  ]
}

const again = 'run npm run render'

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
    ...(storage && storage !== target
      ? [
          `Helm keeps its state in namespace ${storage}, and the release is in ${target}: another storageNamespace begins anew`,
        ]
      : []),
  ]
}

function isFolder(root: string, path: string): boolean {
  return statSync(join(root, path), {throwIfNoEntry: false})?.isDirectory() ?? false
}

/** Flux applies what kustomization.yaml lists, and nothing else in the folder. */
function listFindings(cluster: RenderedCluster, root: string): Finding[] {
  const files = new Set(cluster.engine.map(({file}) => file.split('/').at(-1) ?? ''))
  return cluster.lists
    .filter(({file}) => /^clusters\/[^/]+\/[^/]+\/kustomization\.yaml$/.test(file))
    .flatMap(({file, resources}) => [
      ...resources
        .filter((name) => !files.has(name) && !isThereFrom(root, file, name))
        .map((name) => about({file}, cluster, `It lists ${name}, which is not there`, render, name)),
      ...[...files]
        .filter((name) => !resources.includes(name))
        .map((name) =>
          about(
            {file},
            cluster,
            `It does not list ${name}, so Flux would not apply it`,
            'run npm run render; a file of your own is listed by nobody: take it out of this folder',
            'resources:',
          ),
        ),
    ])
}

/** A base elsewhere in the repository; what is fetched is for gate disconnected. */
function isThereFrom(root: string, file: string, name: string): boolean {
  const isFetched = !name.startsWith('.') && name.includes('/')
  return isFetched || (name.startsWith('.') && existsSync(join(root, dirname(file), name)))
}

/** The cloud applies the folder of each edge cluster that it serves, and each cluster its own. */
function unserved(cluster: RenderedCluster): Finding[] {
  const {environment} = cluster.site
  const own = cluster.site.cluster.reconcile === 'remote' ? [] : [cluster.site.cluster.name]
  const served = [...own, ...remoteClusters(cluster.site).map(({name}) => name)]
  const paths = cluster.engine
    .map(({object}) => textWithin(object, 'spec', 'path') || textWithin(object, 'spec', 'source', 'path'))
    .map((path) => path.replace(/^\.\//, ''))
  const applied = new Set(paths)
  return served
    .filter((name) => !applied.has(clusterFolder(environment, name)))
    .map((name) =>
      about(
        {file: clusterFolder(environment, cluster.site.cluster.name)},
        cluster,
        `Nothing applies ${clusterFolder(environment, name)}`,
        render,
      ),
    )
}

/** What releases name must not be among what their source leaves out (fluxcd.io/flux/components/source/gitrepositories, "Ignore"). */
function hidden(cluster: RenderedCluster): Finding[] {
  const {engine} = cluster
  const paths = engine.flatMap(({object}) => {
    const own = [textWithin(object, 'spec', 'chart', 'spec', 'chart'), textWithin(object, 'spec', 'path')]
    const values = (within(object, 'spec', 'chart', 'spec', 'valuesFiles') ?? []) as string[]
    return [...own.filter(Boolean).map((path) => `${normalize(path)}/Chart.yaml`), ...values]
  })
  return engine.flatMap((placed) => {
    const ignored = textWithin(placed.object, 'spec', 'ignore')
    if (placed.object.kind !== 'GitRepository' || !ignored) return []
    const rules = ignore().add(ignored)
    return [...new Set(paths)]
      .filter((path) => rules.ignores(path))
      .map((path) =>
        about(
          placed,
          cluster,
          `${nameOf(placed.object)}: its ignore list leaves out ${path.replace('/Chart.yaml', '')}, which a release needs`,
          again,
          'ignore:',
        ),
      )
  })
}
