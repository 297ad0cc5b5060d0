import type {Site} from '../../../generator/component.ts'
import type {Login} from '../../support/login.ts'
import type {ControlPlane} from './control-plane.ts'
import type {Member} from './fleet.ts'
import type {Running} from './processes.ts'
import type {Workspace} from './workspace.ts'

/** What reconciles a cluster, as running programs. */
export interface Reconciler {
  processes: () => readonly Running[]
  /** Ends one at once, by its name, and starts it again, as when a node loses power. */
  restart: (name: string) => Promise<void>
  stop: () => Promise<void>
}

/** How the tests handle Flux or Argo CD. */
export interface Engine {
  start: (cluster: ControlPlane) => Promise<Reconciler>
  /** What a person applies once to a new cluster: what watches Git, and the credentials for it. */
  bootstrap: (member: Member, workspace: Workspace, login: Login) => Promise<void>
  /** Gives the cloud access to an edge cluster that it reconciles. */
  giveAccess: (cloud: Member, edge: Member, workspace: Workspace) => Promise<void>
  /** What a webhook receiver does after a push. */
  announce: (member: Member) => Promise<void>
  /** Waits until a cluster has its releases, and those of the edge clusters that it serves, Ready at a commit. */
  arrived: (member: Member, commit: string, sites: readonly Site[]) => Promise<void>
}

/** Starts programs in their order, and keeps them by name. */
export async function startReconciler(starts: ReadonlyMap<string, () => Promise<Running>>): Promise<Reconciler> {
  const running = new Map<string, Running>()
  for (const [name, start] of starts) running.set(name, await start())
  return {
    processes: () => [...running.values()],
    restart: async (name) => {
      const start = starts.get(name)
      if (!start) throw new Error(`there is no ${name}`)
      await running.get(name)?.kill()
      running.set(name, await start())
    },
    stop: async () => {
      for (const process of [...running.values()].reverse()) await process.stop()
    },
  }
}
