import type {IContainer, IPodSpec} from 'kubernetes-models/v1'
import type {Layer, Values} from '../component.ts'
import {isTree} from '../model/merge.ts'
import {oncePer} from './once.ts'
import {nameOf, type Placed, placeOf, type RenderedCluster, type UpstreamRelease} from './tree.ts'

/** A kind of pod of a cluster, whoever makes it: a workload, an operator, or a published chart. */
export interface Pods {
  /** What makes them, such as `DaemonSet observability/fluent-bit`. */
  by: string
  file: string
  layer?: Layer
  component?: string
  namespace: string
  spec: IPodSpec
  labels: Readonly<Record<string, string>>
  /** On every node that the selector takes, in place of `replicas` times. */
  everyNode: boolean
  replicas: number
  /** Sizes of the volumes that each asks for. */
  volumes: readonly string[]
  /** Whether `spec` is what this project wrote; only the image and the resources are known of others. */
  isOwn: boolean
}

type Part = Record<string, unknown>

/** All pods of a cluster. */
export const podsOf = oncePer((cluster: RenderedCluster): readonly Pods[] => [
  ...cluster.objects.flatMap(podsOfObject),
  ...cluster.charts.flatMap(podsOfChart),
])

/** Containers that run, and those that run before them. */
export function containersOf({containers, initContainers = []}: IPodSpec): IContainer[] {
  return [...initContainers, ...containers]
}

function podsOfObject({object, ...place}: Placed): Pods[] {
  const spec = (object as unknown as {spec?: Part}).spec ?? {}
  const shared = {by: nameOf(object), ...place, namespace: object.metadata.namespace ?? ''}
  const make = workloads[object.kind]
  return make ? [{everyNode: false, replicas: 1, volumes: [], isOwn: true, ...shared, ...make(spec)}] : []
}

type Made = Pick<Pods, 'spec' | 'labels'> & Partial<Pods>

/** Kinds that make pods: those of Kubernetes, and those that the operator of Elastic watches. */
const workloads: Readonly<Record<string, (spec: Part) => Made>> = {
  DaemonSet: (spec) => ({...template(spec), everyNode: true}),
  Deployment: (spec) => ({...template(spec), replicas: Number(spec.replicas ?? 1)}),
  StatefulSet: (spec) => ({
    ...template(spec),
    replicas: Number(spec.replicas ?? 1),
    volumes: claims(spec.volumeClaimTemplates),
  }),
  Job: template,
  CronJob: (spec) => template((spec.jobTemplate as {spec: Part} | undefined)?.spec ?? {}),
  Pod: (spec) => ({spec: spec as unknown as IPodSpec, labels: {}}),
  Elasticsearch: (spec) => {
    const sets = (spec.nodeSets ?? []) as Part[]
    const [first = {}] = sets
    return {
      ...elastic(spec, first, 'elasticsearch'),
      replicas: sets.reduce((sum, {count = 1}) => sum + Number(count), 0),
      volumes: claims(first.volumeClaimTemplates),
    }
  },
  Kibana: (spec) => ({...elastic(spec, spec, 'kibana'), replicas: Number(spec.count ?? 1)}),
}

function template(spec: Part): Made {
  const {metadata, spec: pod} = (spec.template ?? {}) as {metadata?: {labels?: Record<string, string>}; spec?: IPodSpec}
  return {spec: pod ?? {containers: []}, labels: metadata?.labels ?? {}}
}

/** The operator takes an image by version where none is named (elastic.co/docs, "Create custom images"). */
function elastic(spec: Part, set: Part, name: string): Made {
  const image = String(spec.image ?? `docker.elastic.co/${name}/${name}:${spec.version}`)
  const {containers = [], ...placement} = ((set.podTemplate as {spec?: Partial<IPodSpec>} | undefined)?.spec ??
    {}) as IPodSpec
  const main = containers.find((container) => container.name === name) ?? {name}
  const init = {name: 'elastic-internal-init', image, imagePullPolicy: 'IfNotPresent' as const}
  return {
    spec: {...placement, initContainers: [init], containers: [{imagePullPolicy: 'IfNotPresent', ...main, image}]},
    labels: {},
    isOwn: false,
  }
}

function claims(templates: unknown): string[] {
  return ((templates ?? []) as {spec?: {resources?: {requests?: {storage?: string}}}}[]).flatMap(
    ({spec}) => spec?.resources?.requests?.storage ?? [],
  )
}

function podsOfChart(release: UpstreamRelease): Pods[] {
  const {component, values, namespace} = release
  return component.pods.map(({name, image, resources, everyNode = false, replicas, volume}) => {
    const asked = resources ? (valueAt(values, resources) as IContainer['resources']) : undefined
    const size = volume ? valueAt(values, volume) : undefined
    const container = {name, image: imageAt(values, image), ...(asked ? {resources: asked} : {})}
    return {
      by: `${name} of chart ${component.chart.name}`,
      ...placeOf(release),
      namespace,
      spec: {containers: [container]},
      labels: {},
      everyNode,
      replicas: replicas ? Number(valueAt(values, replicas) ?? 1) : 1,
      volumes: typeof size === 'string' ? [size] : [],
      isOwn: false,
    }
  })
}

/** A value by its path, such as `webhook.image`. */
export function valueAt(values: Values, path: string): unknown {
  return path.split('.').reduce<unknown>((node, key) => (isTree(node) ? node[key] : undefined), values)
}

/** The reference that a chart joins from the parts of an image. */
function imageAt(values: Values, path: string): string {
  const {registry, repository = '', tag = ''} = (valueAt(values, path) ?? {}) as Record<string, string>
  return `${registry ? `${registry}/` : ''}${repository}:${tag}`
}
