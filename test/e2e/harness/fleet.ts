import {setTimeout as pause} from 'node:timers/promises'
import type {KubernetesObject, Site} from '../../../generator/component.ts'
import {localPath, provisionVolumes} from '../stand-ins/k3s.ts'
import {giveAddresses} from '../stand-ins/metallb.ts'
import {type ControlPlane, startControlPlane, startEtcd} from './control-plane.ts'
import {nodeObject, startKwok} from './nodes.ts'
import type {Running} from './processes.ts'
import type {Engine, Reconciler} from './reconciler.ts'

/** One cluster of an environment, running. */
export interface Member extends ControlPlane {
  site: Site
  /** Ids of what was there before anything was reconciled. */
  baseline: ReadonlySet<string>
  kwok: Running
  /** Undefined where the cloud reconciles the cluster. */
  reconciler: Reconciler | undefined
}

/** The clusters of an environment, side by side. */
export interface Fleet {
  members: Map<string, Member>
  /** Starts a cluster with the nodes of a site; and what reconciles it, unless the cloud does. */
  add: (site: Site) => Promise<Member>
  get: (name: string) => Member
  stop: () => Promise<void>
}

/** What plays the parts that cannot run here, over and over. */
export type Part = (member: Member) => Promise<void>

const parts: readonly Part[] = [({api}) => provisionVolumes(api), ({api}) => giveAddresses(api)]

/** Starts the store that clusters are added to. */
export async function startFleet(folder: string, engine: Engine, more: readonly Part[]): Promise<Fleet> {
  const etcd = await startEtcd(folder)
  const members = new Map<string, Member>()
  const playing = new AbortController()
  const player = play([...parts, ...more], members, playing.signal)
  return {
    members,
    add: async (site) => {
      const member = await startMember(site, folder, etcd.url, engine)
      members.set(site.cluster.name, member)
      return member
    },
    get: (name) => {
      const member = members.get(name)
      if (!member) throw new Error(`there is no cluster ${name}`)
      return member
    },
    stop: async () => {
      playing.abort()
      await player
      await Promise.all([...members.values()].map(stopMember))
      await etcd.process.stop()
    },
  }
}

async function startMember(site: Site, folder: string, etcd: string, engine: Engine): Promise<Member> {
  const plane = await startControlPlane(site.cluster.name, folder, etcd)
  await plane.api.apply(localPath)
  const kwok = await startKwok(plane)
  await registerNodes(plane, site)
  const reconciler = site.cluster.reconcile === 'local' ? await engine.start(plane) : undefined
  const baseline = new Set((await plane.api.listAll()).map(({metadata}) => metadata.uid))
  return {...plane, site, baseline, kwok, reconciler}
}

/** What k3s does when a machine joins, and when its configuration changes the labels. */
export async function registerNodes({api}: ControlPlane, {cluster}: Site): Promise<void> {
  for (const [index, node] of cluster.nodes.entries()) {
    const object = nodeObject(node, index)
    await api.apply(object, {manager: 'k3s'})
    const {status} = object as KubernetesObject & {status: object}
    await api.patch({apiVersion: 'v1', kind: 'Node', name: node.name}, {status}, '/status')
  }
}

async function stopMember({reconciler, kwok, stop}: Member): Promise<void> {
  await Promise.all([reconciler?.stop(), kwok.stop()])
  await stop()
}

async function play(all: readonly Part[], members: Map<string, Member>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    for (const member of members.values()) {
      // An API server that restarts is asked again in the next round.
      for (const part of all) await part(member).catch(() => {})
    }
    await pause(300, undefined, {signal}).catch(() => {})
  }
}
