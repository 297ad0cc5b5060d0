import type {ClusterNode, Component, LayerDefinition, Site} from '../component.ts'
import {roleOf} from '../component.ts'
import type {ReadEnvironment} from '../environment/read.ts'
import {nearest} from '../environment/zod-issues.ts'
import type {Issue} from '../issue/issue.ts'
import {isEnabled} from './values.ts'

/** Problems of images: overrides of unknown ones, and nodes for which an image does not exist. */
export function imageIssues(
  read: ReadEnvironment,
  sites: readonly Site[],
  layers: readonly LayerDefinition[],
): Issue[] {
  return [
    ...overrideIssues(read, layers),
    ...sites.flatMap((site, index) => architectureIssues({read, site, index: index - 1, layers})),
  ]
}

function overrideIssues({environment, source}: ReadEnvironment, layers: readonly LayerDefinition[]): Issue[] {
  const known = layers.flatMap(({components}) =>
    components.flatMap(({name, images}) => Object.keys(images).map((image) => `${name}.${image}`)),
  )
  return Object.keys(environment.images.overrides)
    .filter((name) => !known.includes(name))
    .map((name) => {
      const near = nearest(name, known)
      return source.issue({
        code: 'unknown-image',
        path: ['images', 'overrides', name],
        at: 'key',
        message: `Cannot replace image "${name}": no component has it`,
        fix: near ? `write ${near}` : `write COMPONENT.IMAGE, one of ${known.join(', ')}`,
      })
    })
}

/** In the cloud any node of a fitting architecture will do; at the edge agents run on every node. */
function architectureIssues(options: {
  read: ReadEnvironment
  site: Site
  /** Place of the cluster in edge.clusters. */
  index: number
  layers: readonly LayerDefinition[]
}): Issue[] {
  const {read, site, index, layers} = options
  const components = layers
    .filter(({layer, enabled}) => roleOf(layer) === site.cluster.role && (enabled?.(site) ?? true))
    .flatMap((layer) => layer.components)
    .filter((component) => isEnabled(component, site))
  return site.cluster.role === 'edge'
    ? edgeIssues(read, {site, index}, components)
    : cloudIssues(read, site, components)
}

function edgeIssues(
  read: ReadEnvironment,
  {site, index}: {site: Site; index: number},
  components: readonly Component[],
): Issue[] {
  return site.cluster.nodes.flatMap((node, number) => {
    const path = ['edge', 'clusters', index, 'nodes', number, 'arch']
    return components
      .filter((component) => runsOn(component, node))
      .flatMap((component) =>
        missingImages(component, node, read).map((image) => issueFor({read, path, component, image, node})),
      )
  })
}

function cloudIssues(read: ReadEnvironment, site: Site, components: readonly Component[]): Issue[] {
  return components.flatMap((component) => {
    const {nodes} = site.cluster
    const [node] = nodes
    if (!node || nodes.some((candidate) => missingImages(component, candidate, read).length === 0)) return []
    const [image = ''] = missingImages(component, node, read)
    return [issueFor({read, path: ['cloud', 'nodes', 0, 'arch'], component, image, node})]
  })
}

/** Parts of the demo run where a node carries their label. */
function runsOn(component: Component, node: ClusterNode): boolean {
  return component.nodeLabel === undefined || node.labels[component.nodeLabel] === 'yes'
}

function missingImages(component: Component, node: ClusterNode, {environment}: ReadEnvironment): string[] {
  return Object.entries(component.images)
    .filter(([name]) => environment.images.overrides[`${component.name}.${name}`] === undefined)
    .filter(([, image]) => !image.architectures.includes(node.arch))
    .map(([name]) => name)
}

function issueFor(options: {
  read: ReadEnvironment
  path: (string | number)[]
  component: Component
  image: string
  node: ClusterNode
}): Issue {
  const {read, path, component, image, node} = options
  const {reference, architectures} = component.images[image] ?? {reference: image, architectures: []}
  return read.source.issue({
    code: 'architecture',
    path,
    message: `Cannot run ${component.name} on node ${node.name}: ${reference} exists for ${architectures.join(', ')}, not for ${node.arch}`,
    fix: `use a node with ${architectures.join(' or ')}${advice(component)}, or name an image for ${node.arch} in images.overrides: "${component.name}.${image}"`,
  })
}

function advice(component: Component): string {
  if (component.name === 'smarter-cni') return ', or cni: flannel'
  return component.nodeLabel ? `, or take the label ${component.nodeLabel} off the node` : ''
}
