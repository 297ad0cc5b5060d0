import {parse as parseIni} from 'ini'
import type {IConfigMap} from 'kubernetes-models/v1'
import {parse as parseYaml} from 'yaml'
import {isTree} from '../../model/merge.ts'
import {oncePer} from '../../tree/once.ts'
import {type Pods, podsOf} from '../../tree/pods.ts'
import type {Placed, RenderedCluster} from '../../tree/tree.ts'

/** A program with its configuration, as a cluster has it. */
export interface Agent {
  /** The ConfigMap, for messages. */
  placed: Placed
  pods: Pods
  /** Its files, read: maps of YAML, or sections of keys. */
  config: (file: string) => Config
}

export type Config = Record<string, unknown>

/** The agents that have something to say to the cloud, by the file that configures them. */
const agentFiles = {
  fluentBit: 'fluent-bit.yaml',
  netdata: 'stream.conf',
  collector: 'agent.yaml',
} as const
export type AgentName = keyof typeof agentFiles

/** An agent of an edge cluster; undefined where it has none. */
export function agentOf(cluster: RenderedCluster, name: AgentName): Agent | undefined {
  return programWith(cluster, agentFiles[name])
}

/** The agents of an edge cluster; undefined for those that it does not have. */
export function agentsOf(cluster: RenderedCluster): Record<AgentName, Agent | undefined> {
  return {
    fluentBit: agentOf(cluster, 'fluentBit'),
    netdata: agentOf(cluster, 'netdata'),
    collector: agentOf(cluster, 'collector'),
  }
}

/** The inputs of Fluent Bit. */
export function inputsOfLogs(agent: Agent | undefined): Record<string, unknown>[] {
  return pipelineOf(agent, 'inputs')
}

/** The outputs of Fluent Bit. */
export function outputsOfLogs(agent: Agent | undefined): Record<string, unknown>[] {
  return pipelineOf(agent, 'outputs')
}

function pipelineOf(agent: Agent | undefined, part: 'inputs' | 'outputs'): Record<string, unknown>[] {
  return (within(agent?.config('fluent-bit.yaml'), 'pipeline', part) ?? []) as Record<string, unknown>[]
}

/** A file of a ConfigMap that pods mount. */
export interface MountedFile {
  volume: string
  name: string
  text: string
}

/** The files of all ConfigMaps that pods mount. */
export function filesOf(cluster: RenderedCluster, {spec, namespace}: Pods): MountedFile[] {
  const maps = configMapsOf(cluster)
  return (spec.volumes ?? []).flatMap(({name: volume, configMap}) => {
    const object = configMap && maps.get(`${namespace}/${configMap.name}`)
    return Object.entries(object ? dataOf(object) : {}).map(([name, text]) => ({volume, name, text}))
  })
}

/** The ConfigMaps of a cluster, as NAMESPACE/NAME. */
export const configMapsOf = oncePer(({objects}: RenderedCluster): ReadonlyMap<string, Placed['object']> => {
  const maps = objects.map(({object}) => object).filter(({kind}) => kind === 'ConfigMap')
  return new Map(maps.map((object) => [`${object.metadata.namespace}/${object.metadata.name}`, object]))
})

/** The program of a cluster that a file of a ConfigMap configures. */
export function programWith(cluster: RenderedCluster, file: string): Agent | undefined {
  const placed = cluster.objects.find(({object}) => file in dataOf(object))
  if (!placed) return undefined
  const {name} = placed.object.metadata
  const pods = podsOf(cluster).find(({spec}) => spec.volumes?.some(({configMap}) => configMap?.name === name))
  if (!pods) return undefined
  return {placed, pods, config: (wanted) => configIn(placed.object, wanted)}
}

/** The files of a ConfigMap; none of another object. */
export function dataOf(object: Placed['object']): Record<string, string> {
  return object.kind === 'ConfigMap' ? ((object as IConfigMap).data ?? {}) : {}
}

/** A file of a ConfigMap, read: maps of YAML, or sections of keys; empty where there is none. */
export function configIn(object: Placed['object'], file: string): Config {
  const read = readFiles(object)
  const found = read.get(file) ?? parsed(file, dataOf(object)[file] ?? '')
  read.set(file, found)
  return found
}

const readFiles = oncePer((_object: Placed['object']) => new Map<string, Config>())

function parsed(file: string, text: string): Config {
  try {
    const value: unknown = file.endsWith('.yaml') ? parseYaml(text) : parseIni(text)
    return isTree(value) ? value : {}
  } catch {
    return {}
  }
}

/** Something inside a configuration, by the names on the way; undefined where there is nothing. */
export function within(config: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (node, step) => (typeof node === 'object' && node !== null ? Reflect.get(node, step) : undefined),
    config,
  )
}

/** The same as text; empty where there is nothing. */
export function textWithin(config: unknown, ...path: readonly (string | number)[]): string {
  const value = within(config, ...path)
  return value === undefined || value === null || typeof value === 'object' ? '' : String(value)
}

/** The volume of a pod that a path of its container lies in, and what it is. */
export function volumeAt({spec}: Pods, path: string) {
  const [container] = spec.containers
  const mounts = (container?.volumeMounts ?? []).filter(
    ({mountPath = ''}) => path === mountPath || path.startsWith(`${mountPath.replace(/\/$/, '')}/`),
  )
  const mount = mounts.sort((a, b) => b.mountPath.length - a.mountPath.length)[0]
  return spec.volumes?.find(({name}) => name === mount?.name)
}
