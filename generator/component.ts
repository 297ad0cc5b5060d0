import {z} from 'zod'
import type {Architecture, Hardware} from './environment/hardware.ts'
import type {Environment} from './environment/schema.ts'
import type {SecretKeys} from './secret.ts'

export {
  checksum,
  configurationFile,
  each,
  equals,
  filled,
  ini,
  lines,
  not,
  text,
  times,
  when,
} from './expression/helpers.ts'

/** Layers, which are charts and releases, in no particular order: the order is worked out in `model/order.ts`. */
export const layers = [
  'cloud-operators',
  'cloud-platform',
  'cloud-observability',
  'edge-platform',
  'edge-observability',
  'edge-demo',
] as const
export type Layer = (typeof layers)[number]
export type Role = 'cloud' | 'edge'

export function roleOf(layer: Layer): Role {
  return layer.startsWith('cloud-') ? 'cloud' : 'edge'
}

/** A container image and the architectures it is published for. */
export interface ImageDefinition {
  reference: string
  architectures: readonly Architecture[]
}

/**
 * What parts of the system tell each other. `cluster` endpoints are reached inside one cluster, `node` endpoints on
 * the node's own address, `environment` endpoints from every edge cluster through the ingress of the cloud.
 */
export interface Endpoint {
  scope: 'node' | 'cluster' | 'environment'
  host: string
  port: number
}

export const endpointNames = [
  'logStore',
  'logs',
  'metricStore',
  'metricExport',
  'metricStream',
  'traceStore',
  'traceQuery',
  'telemetry',
  'nodeTraces',
  'nodeMetrics',
] as const
export type EndpointName = (typeof endpointNames)[number]
export type Endpoints = Partial<Record<EndpointName, Endpoint>>

export interface ClusterNode extends Hardware {
  name: string
  address?: string | undefined
  /** Whether the k3s server of the cluster runs here too. */
  controlPlane: boolean
  labels: Record<string, string>
}

/** One cluster of an environment: what components may ask about where they run. */
export interface Site {
  environment: Environment
  cluster: {
    name: string
    role: Role
    cni: 'flannel' | 'smarter'
    reconcile: 'local' | 'remote'
    demo: boolean
    uplink: string
    /** Price of a gigabyte over it; undefined where nobody said. */
    uplinkPrice: number | undefined
    /** What each node has to say: lines and spans a second, and metrics. */
    rates: {logLines: number; metrics: number; spans: number}
    /** Address of the k3s server of an edge cluster. */
    server: string | undefined
    nodes: readonly ClusterNode[]
  }
  /** Settings of this cluster only, by component. */
  settings: Record<string, Record<string, unknown>>
  /** All edge clusters of the environment, for those in the cloud that keep a list of them. */
  edgeClusters: readonly Site['cluster'][]
  /** The public host name of a service, such as `kibana-18-34-90-214.nip.io`. */
  hostname: (service: string) => string
  /** The domain of all host names. */
  domain: string
  /** The address that the ingress asks MetalLB for; undefined in node mode. */
  ingressAddress: string | undefined
  /** Digests by which images are pinned, by reference: those of images.lock.yaml. */
  digests: ReadonlyMap<string, string>
  /** What can be seen of the cluster's encrypted Secrets without a key; undefined where there are none. */
  sealed: Sealed | undefined
  /** The provider of an endpoint, in this cluster or else in the cloud. */
  endpoint: (name: EndpointName) => Endpoint
}

/** The encrypted Secrets of a cluster, seen from outside. */
export interface Sealed {
  /** The age recipient of the cluster: its public key. */
  recipient: string
  /** By Secret as namespace/name: a mark that changes whenever its content does. */
  revisions: ReadonlyMap<string, string>
}

export interface KubernetesObject {
  apiVersion: string
  kind: string
  metadata: {name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string>}
}

/** Values that a chart is rendered with. */
export type Values = Record<string, unknown>

interface Shared<Settings extends z.ZodObject, ImageName extends string> {
  /** The one name: file, subchart or alias, values key, settings key, test. */
  name: string
  /** One sentence for READMEs: what it is and what it does here. */
  summary: string
  /** What an operator may set in environment.yaml; every key has a description and a default. */
  settings: Settings
  images: Record<ImageName, ImageDefinition>
  /** The label, with value yes, of the nodes that it runs on; default: all nodes. */
  nodeLabel?: string
  /** Whether the cluster gets the component; default: always. */
  enabled?: (site: Site) => boolean
  /** Endpoints that the component offers. */
  provides?: (site: Site) => Endpoints
  /** Endpoints that the component uses; each must have a provider. */
  requires?: readonly EndpointName[]
  /** Secrets that must exist, by namespace-local name, with where each value comes from. Nothing of them is rendered. */
  secrets?: readonly SecretReference[]
  /** The rows of the 2020 system that it stands for, and other reasons, shown in the chart's README. */
  notes?: string
}

export interface SecretReference {
  name: string
  keys: SecretKeys
  purpose: string
  /** Where it must be; default: the namespace of the layer. */
  namespace?: string
  /** What a person has to do after a rotation, beside merging it. */
  afterRotation?: string
  /** Whether a cluster needs it; default: every one that has the component. */
  needed?: (site: Site) => boolean
}

export interface OwnComponent<
  Settings extends z.ZodRawShape = z.ZodRawShape,
  Derived extends z.ZodRawShape = z.ZodRawShape,
  ImageName extends string = string,
> extends Shared<z.ZodObject<Settings>, ImageName> {
  kind: 'own'
  /** Values that the model works out for each cluster; every key has a default that renders. */
  derived: z.ZodObject<Derived>
  derive: (site: Site, settings: z.output<z.ZodObject<Settings>>) => z.output<z.ZodObject<Derived>>
  objects: (context: {
    value: z.output<z.ZodObject<Settings & Derived>>
    images: Record<ImageName, string>
  }) => readonly (KubernetesObject | undefined)[]
}

/** An image reference in the parts that upstream charts ask for. */
export interface ImageParts {
  reference: string
  registry: string
  repository: string
  tag: string
  digest: string | undefined
}

/** A kind of pod that a published chart makes; paths are those of its values. */
export interface UpstreamPod {
  /** Name of its workload. */
  name: string
  /** Path of the map that names its image. */
  image: string
  /** Path of its requests and limits; undefined where it has none. */
  resources?: string
  /** On every node, in place of once. */
  everyNode?: boolean
  /** Path of the number of pods. */
  replicas?: string
  /** Path of the size of its volume. */
  volume?: string
  /** The pod security level that it needs, where it is known to need one. */
  podSecurity?: 'privileged' | 'baseline'
}

export interface UpstreamComponent<Settings extends z.ZodObject = z.ZodObject, ImageName extends string = string>
  extends Shared<Settings, ImageName> {
  kind: 'upstream'
  chart: {repository: string; name: string; version: string}
  /** API groups whose custom resources the chart defines. */
  apiGroups: readonly string[]
  /** API groups that admission webhooks of the chart check: custom resources of them belong into a later layer. */
  webhooks?: readonly string[]
  /** Whether the chart makes a Service of type LoadBalancer. */
  loadBalancer?: boolean
  /** The pods that the chart makes with these values. */
  pods: readonly UpstreamPod[]
  /** Images that the chart's defaults name and that nothing runs, by their path, with the reason. */
  unusedImages?: Readonly<Record<string, string>>
  /** Values that the chart's templates read although its values.yaml does not list them. */
  unlisted?: readonly string[]
  /** Values that hold in every environment. */
  values: (context: {settings: z.output<Settings>; images: Record<ImageName, ImageParts>}) => Values
  /** Values that depend on the cluster, merged over `values`. */
  derive?: (site: Site, settings: z.output<Settings>) => Values
  /** Why a value is set, by path, printed as a comment into the chart's values.yaml. */
  comments: Record<string, string>
}

export type Component = OwnComponent | UpstreamComponent

export interface LayerDefinition {
  layer: Layer
  summary: string
  /** The namespace of the release. */
  namespace: string
  /** Pod security level that the namespace enforces. */
  podSecurity: 'privileged' | 'baseline' | 'restricted'
  /** Whether a cluster gets the layer; default: every cluster of its role. */
  enabled?: (site: Site) => boolean
  components: readonly Component[]
}

/** For components that derive nothing from the model. */
export const nothingDerived = {derived: z.strictObject({}), derive: () => ({})}

/** A component whose objects this project writes: it becomes a subchart. */
export function defineComponent<
  Settings extends z.ZodRawShape,
  Derived extends z.ZodRawShape,
  ImageName extends string = never,
>(definition: Omit<OwnComponent<Settings, Derived, ImageName>, 'kind'>): Component {
  return {kind: 'own', ...definition} as unknown as Component
}

/** A component that is a published chart: it becomes a pinned dependency. */
export function defineUpstream<Settings extends z.ZodObject, ImageName extends string>(
  definition: Omit<UpstreamComponent<Settings, ImageName>, 'kind'>,
): Component {
  return {kind: 'upstream', ...definition} as unknown as Component
}

/** The default values of an own chart as one schema: what `.Values` looks like inside it. */
export function valuesSchema(component: OwnComponent): z.ZodObject {
  const known = valuesSchemas.get(component) ?? buildValuesSchema(component)
  valuesSchemas.set(component, known)
  return known
}

// Building a schema takes longer than using it.
const valuesSchemas = new WeakMap<OwnComponent, z.ZodObject>()

function buildValuesSchema(component: OwnComponent): z.ZodObject {
  const images = Object.entries(component.images).map(([name, {reference}]) => [
    name,
    z.string().min(1).default(reference).describe(`Image of ${name}`),
  ])
  return z.strictObject({
    ...component.settings.shape,
    ...component.derived.shape,
    images: z.strictObject(Object.fromEntries(images)).prefault({}).describe('Container images'),
  })
}

/** Labels that every object of a component carries. */
export function labelsOf(component: string): Record<string, string> {
  return {...selectorOf(component), 'app.kubernetes.io/part-of': 'smarter-edge-observability'}
}

/** Labels that select the pods of a component; they never change. */
export function selectorOf(component: string): Record<string, string> {
  return {'app.kubernetes.io/name': component, 'app.kubernetes.io/instance': component}
}
