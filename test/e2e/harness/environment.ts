import {join} from 'node:path'
import type {Document} from 'yaml'
import {packageUpstreamCharts} from '../stand-ins/charts.ts'
import {startChartRepository} from './chart-repository.ts'
import {sitesIn} from './environment-files.ts'
import {type Fleet, type Part, registerNodes, startFleet} from './fleet.ts'
import {type GitServer, startGitServer} from './git-server.ts'
import type {Engine} from './reconciler.ts'
import {emptyFolder, startWorkspace, type Workspace} from './workspace.ts'

/** An environment with all its clusters, its Git repository and its charts, on loopback. */
export interface RunningEnvironment {
  name: string
  /** Folder of the packages of upstream charts. */
  packages: string
  git: GitServer
  workspace: Workspace
  fleet: Fleet
  /** Starts a cluster that has been added to the environment, and lets it watch the repository. */
  add: (name: string) => Promise<void>
  /** Lets all clusters of the environment watch the repository. */
  bootstrap: () => Promise<void>
  /** What a webhook receiver does after a push, for every cluster that reconciles itself. */
  announce: () => Promise<void>
  /** Waits until clusters, all of the environment unless named, have all that they should have at a commit. */
  arrived: (commit: string, names?: readonly string[]) => Promise<void>
  /** Renders, commits and pushes a change of the environment file, and waits until it has arrived everywhere. */
  merge: (message: string, change: (document: Document) => void) => Promise<void>
  stop: () => Promise<void>
}

export interface EnvironmentOptions {
  name: string
  engine: Engine
  /** Whether upstream charts come from a mirror; where not, the test vendors them. */
  mirror: boolean
  /** More changes of the environment file. */
  prepare?: (document: Document) => void
  /** More that is played beside what every cluster has. */
  parts?: readonly Part[]
}

const login = {username: 'operator', password: 'for-this-test-only'}

/** Starts the clusters of an environment; nothing watches Git yet. */
export async function startEnvironment(options: EnvironmentOptions): Promise<RunningEnvironment> {
  const {name, engine, mirror, prepare, parts = []} = options
  const folder = emptyFolder(name)
  const packages = join(folder, 'packages')
  await packageUpstreamCharts(packages)
  const workspace = await startWorkspace(folder, name)
  const needsLogin = sitesIn(workspace.folder)[0]?.environment.git.secret !== undefined
  const git = await startGitServer(folder, needsLogin ? login : undefined)
  const charts = await startChartRepository(packages)
  workspace.edit((document) => {
    document.setIn(['git', 'url'], git.url)
    if (mirror) document.setIn(['charts', 'mirror'], charts.url)
    prepare?.(document)
  })
  const fleet = await startFleet(folder, engine, parts)
  const stop = async () => {
    await fleet.stop()
    await git.stop()
    await charts.stop()
  }
  await orElse(stop, async () => {
    for (const site of sitesIn(workspace.folder)) await fleet.add(site)
  })
  return {name, packages, git, workspace, fleet, stop, ...operations(engine, workspace, fleet)}
}

type Operations = Pick<RunningEnvironment, 'add' | 'bootstrap' | 'announce' | 'arrived' | 'merge'>

/** What operators do, on the environment as its file says it at that moment. */
function operations(engine: Engine, workspace: Workspace, fleet: Fleet): Operations {
  const sites = () => sitesIn(workspace.folder)
  const local = () => sites().filter(({cluster}) => cluster.reconcile === 'local')
  const bootstrap = async (cluster: string) => {
    const member = fleet.get(cluster)
    if (member.reconciler) await engine.bootstrap(member, workspace, login)
    else await engine.giveAccess(fleet.get('cloud'), member, workspace)
  }
  const announce = async () => {
    for (const {cluster} of local()) await engine.announce(fleet.get(cluster.name))
  }
  const arrived = async (commit: string, names?: readonly string[]) => {
    const wanted = local().filter(({cluster}) => names?.includes(cluster.name) ?? true)
    await Promise.all(wanted.map(({cluster}) => engine.arrived(fleet.get(cluster.name), commit, sites())))
  }
  return {
    add: async (name) => {
      const site = sites().find(({cluster}) => cluster.name === name)
      if (!site) throw new Error(`there is no ${name} in the environment`)
      await fleet.add(site)
      await bootstrap(name)
    },
    bootstrap: async () => {
      // Access to edge clusters first, so that the cloud finds it when it looks.
      for (const {cluster} of sites().reverse()) await bootstrap(cluster.name)
    },
    announce,
    arrived,
    merge: async (message, change) => {
      workspace.edit(change)
      const commit = await workspace.propose(message)
      await announce()
      await arrived(commit)
    },
  }
}

/** Does something; where it fails, what was started before is ended first. */
async function orElse(stop: () => Promise<void>, start: () => Promise<void>): Promise<void> {
  try {
    await start()
  } catch (error) {
    await stop()
    throw error
  }
}

/** Gives nodes the labels that the environment file says now, as the configuration of k3s does. */
export async function relabel({fleet, workspace}: RunningEnvironment): Promise<void> {
  for (const site of sitesIn(workspace.folder)) await registerNodes(fleet.get(site.cluster.name), site)
}
