import type {KubernetesObject, Layer, Site, UpstreamComponent, Values} from '../component.ts'

// What stands in the repository, as the clusters will have it: objects, not text, and not the model that made them.

/** An object with the place where a person finds what says so. */
export interface Placed {
  object: KubernetesObject
  /** Path in the repository. */
  file: string
  /** Undefined for what stands in `clusters/`. */
  layer?: Layer
  component?: string
}

/** A published chart, of which only the values are known here. */
export interface UpstreamRelease {
  component: UpstreamComponent
  layer: Layer
  namespace: string
  /** What this project and the environment set, merged; the chart's own defaults are not in it. */
  values: Values
  file: string
}

/** Where the values of a published chart are found. */
export function placeOf({file, layer, component}: UpstreamRelease): Omit<Placed, 'object'> {
  return {file, layer, component: component.name}
}

/** A list of Kustomize in the folder of a cluster. */
export interface KustomizeList {
  file: string
  resources: readonly string[]
}

/** One cluster of an environment as it will be. */
export interface RenderedCluster {
  site: Site
  /** What releases bring, namespaces filled in. */
  objects: readonly Placed[]
  /** What Flux or Argo CD applies from `clusters/`; that of a remote edge cluster stands in the cloud. */
  engine: readonly Placed[]
  charts: readonly UpstreamRelease[]
  lists: readonly KustomizeList[]
}

/** How a person calls an object: `DaemonSet observability/fluent-bit`. */
export function nameOf({kind, metadata}: KubernetesObject): string {
  return `${kind} ${metadata.namespace ? `${metadata.namespace}/` : ''}${metadata.name}`
}

/** Kinds of this system that stand in no namespace. */
const clusterScoped = new Set([
  'APIService',
  'ClusterIssuer',
  'ClusterRole',
  'ClusterRoleBinding',
  'CustomResourceDefinition',
  'IngressClass',
  'MutatingWebhookConfiguration',
  'Namespace',
  'PersistentVolume',
  'PriorityClass',
  'StorageClass',
  'ValidatingWebhookConfiguration',
])

/** The object with the namespace that a release puts it into where it names none. */
export function inNamespace(object: KubernetesObject, namespace: string): KubernetesObject {
  if (object.metadata?.namespace || clusterScoped.has(object.kind)) return object
  return {...object, metadata: {...object.metadata, namespace}}
}
