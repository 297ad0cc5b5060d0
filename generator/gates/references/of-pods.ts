import type {IContainer} from 'kubernetes-models/v1'
import type {KubernetesObject} from '../../component.ts'
import {containersOf, type Pods} from '../../tree/pods.ts'
import {nameOf, type RenderedCluster} from '../../tree/tree.ts'
import {configMapsOf, dataOf, filesOf, within} from '../facts/agents.ts'
import {filesBelow, textsOf} from '../facts/texts.ts'
import {about, type Finding} from '../gate.ts'
import {type Context, has, render, type Say} from './context.ts'

/** What pods name: volumes, accounts, configuration and its files, ports. */
export function podFindings(context: Context, pods: Pods): Finding[] {
  const {cluster} = context
  const say: Say = (message, fix = render, mark = '') => about(pods, cluster, `${pods.by}: ${message}`, fix, mark)
  const {spec, namespace, by} = pods
  const owner = cluster.objects.find(({object}) => nameOf(object) === by)?.object
  const claimed = ((within(owner, 'spec', 'volumeClaimTemplates') ?? []) as {metadata: {name: string}}[]).map(
    ({metadata}) => metadata.name,
  )
  const volumes = new Set([...(spec.volumes ?? []).map(({name}) => name), ...claimed])
  const containers = containersOf(spec)
  const mounted = new Set(containers.flatMap(({volumeMounts = []}) => volumeMounts.map(({name}) => name)))
  const account = spec.serviceAccountName
  return [
    ...containers.flatMap(({name: container, volumeMounts = []}) => [
      ...volumeMounts
        .filter(({name}) => !volumes.has(name))
        .map(({name}) => say(`container ${container} mounts volume ${name}, which is not there`)),
      ...repeated(volumeMounts.map(({mountPath}) => mountPath)).map((path) =>
        say(`container ${container} mounts two volumes at ${path}`),
      ),
    ]),
    ...[...volumes].filter((name) => !mounted.has(name)).map((name) => say(`no container mounts volume ${name}`)),
    ...(account && !has(context, 'ServiceAccount', namespace, account)
      ? [say(`there is no ServiceAccount ${account} in ${namespace}`)]
      : []),
    ...(spec.volumes ?? []).flatMap(({name, configMap}) =>
      configMap && !has(context, 'ConfigMap', namespace, configMap.name ?? '')
        ? [say(`volume ${name} is ConfigMap ${configMap.name}, which nothing makes`, render, `name: ${configMap.name}`)]
        : [],
    ),
    ...containers.flatMap((container) => environmentFindings(context, pods, container, say)),
    ...containers.flatMap((container) => [
      ...probeFindings(context, pods, container, say),
      ...portFindings(context, pods, container, say),
    ]),
    ...emptyVolumes(pods).map((name) => say(`volume ${name} is nothing: it would be an empty folder`)),
    ...namedFiles(context, pods).map((text) => say(text)),
    ...labelFindings(owner, pods).map((text) => say(text)),
  ]
}

function repeated(all: readonly string[]): string[] {
  return all.filter((each, index) => all.indexOf(each) < index)
}

function environmentFindings(
  context: Context,
  {namespace}: Pods,
  {name, env = [], envFrom = []}: IContainer,
  say: Say,
): Finding[] {
  const maps = envFrom.flatMap(({configMapRef}) => configMapRef?.name ?? [])
  return [
    ...repeated(env.map((each) => each.name)).map((variable) => say(`container ${name} sets ${variable} twice`)),
    ...maps
      .filter((map) => !has(context, 'ConfigMap', namespace, map))
      .map((map) => say(`container ${name} reads ConfigMap ${map}, which nothing makes`)),
    ...env.flatMap(({valueFrom}) => {
      const {name: map, key} = valueFrom?.configMapKeyRef ?? {}
      if (!map) return []
      const found = configMapsOf(context.cluster).get(`${namespace}/${map}`)
      return found && key !== undefined && key in dataOf(found)
        ? []
        : [say(`container ${name} reads ${key} of ConfigMap ${map}, which is not there`)]
    }),
  ]
}

/** Probes ask the container itself, on a port that it says it has, or that its configuration names. */
function probeFindings({cluster}: Context, pods: Pods, container: IContainer, say: Say): Finding[] {
  const {name, ports = [], startupProbe, readinessProbe, livenessProbe} = container
  const probes = {startupProbe, readinessProbe, livenessProbe}
  const text = textsOf(cluster, pods).join('\n')
  return Object.entries(probes).flatMap(([which, probe]) => {
    const asked = probe?.httpGet ?? probe?.tcpSocket
    if (!asked) return []
    const {host, port} = asked
    const isThere =
      ports.some((each) => each.name === port || each.containerPort === port) ||
      (ports.length === 0 && new RegExp(`\\b${port}\\b`).test(text))
    return [
      ...(isThere ? [] : [say(`${which} of container ${name} asks port ${port}, which the container does not have`)]),
      ...(host === undefined || host === '127.0.0.1'
        ? []
        : [say(`${which} of container ${name} asks ${host}, where it does not listen`)]),
    ]
  })
}

/** Ports that a container says it has are those that its configuration names; on the network of the node they are the node's. */
function portFindings({cluster}: Context, pods: Pods, {name, ports = []}: IContainer, say: Say): Finding[] {
  const files = configsOf(cluster, pods)
  const unknown =
    files.length === 0
      ? []
      : ports.filter(({containerPort}) => !files.some((text) => new RegExp(`\\b${containerPort}\\b`).test(text)))
  const moved = pods.spec.hostNetwork
    ? ports.filter(({containerPort, hostPort}) => hostPort !== undefined && hostPort !== containerPort)
    : []
  return [
    ...unknown.map(({containerPort}) =>
      say(`container ${name} says it has port ${containerPort}, which its configuration does not name`),
    ),
    ...moved.map(({containerPort, hostPort}) =>
      say(
        `container ${name} asks for port ${hostPort} of the node and has ${containerPort}: on the network of the node they are one`,
      ),
    ),
  ]
}

/** Files that say how a program runs, and not what is run. */
function configsOf(cluster: RenderedCluster, pods: Pods): string[] {
  return filesOf(cluster, pods)
    .filter(({name}) => /\.(ya?ml|conf)$/.test(name))
    .map(({text}) => text)
}

/** A volume without a source is an empty folder. */
function emptyVolumes({spec}: Pods): string[] {
  return (spec.volumes ?? []).filter((volume) => Object.keys(volume).length < 2).map(({name}) => name)
}

/** Files in the folder of a ConfigMap, wherever the pod's arguments, variables or own files name them. */
function namedFiles({cluster}: Context, pods: Pods): string[] {
  const {spec} = pods
  const texts = spec.containers.flatMap(({args = [], command = [], env = []}) => [
    ...args,
    ...command,
    ...env.map(({value = ''}) => value),
  ])
  const files = filesOf(cluster, pods)
  const all = [...texts, ...files.map(({text}) => text)].join('\n')
  const mounts = containersOf(spec).flatMap(({volumeMounts = []}) => volumeMounts)
  const missing = mounts
    .filter(({name, subPath}) => !subPath && files.some(({volume}) => volume === name))
    .flatMap(({name: volume, mountPath}) =>
      filesBelow(all, mountPath)
        .filter((file) => !files.some((each) => each.volume === volume && each.name === file))
        .map((file) => `${mountPath}/${file} is named, and the ConfigMap has no ${file}`),
    )
  const paths = mounts.map(({mountPath}) => mountPath)
  return [...new Set([...missing, ...unmounted(texts.join('\n'), paths)])]
}

/** Arguments name files of /config, which must come from somewhere. */
function unmounted(text: string, mounts: readonly string[]): string[] {
  const named = [...text.matchAll(/(?<![\w./-])(\/(?:config|etc\/[a-z]+)\/[A-Za-z0-9._-]+\.(?:ya?ml|conf|sh))\b/g)].map(
    ([, path = '']) => path,
  )
  return named
    .filter((path) => !mounts.some((mount) => path.startsWith(`${mount}/`)))
    .map((path) => `${path} is named, and no volume is mounted there`)
}

/** Pods are found by labels that they have. */
function labelFindings(owner: KubernetesObject | undefined, {labels}: Pods): string[] {
  const selector = (within(owner, 'spec', 'selector', 'matchLabels') ?? {}) as Record<string, string>
  return Object.entries(selector)
    .filter(([key, value]) => labels[key] !== value)
    .map(
      ([key, value]) => `it looks for pods with ${key}: ${value}, and its own have ${labels[key] ?? 'no such label'}`,
    )
}
