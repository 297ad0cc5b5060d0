import type {Site} from '../component.ts'
import type {ReadEnvironment} from '../environment/read.ts'
import type {GateName} from '../environment/verification.ts'
import {type Issue, IssueError} from '../issue/issue.ts'
import {readImageLock} from '../model/image-lock.ts'
import type {RenderedCluster} from '../tree/tree.ts'
import {type ClusterIssue, fold} from './fold.ts'
import {about, type Finding, type Gate, type GateRun, type Surroundings} from './gate.ts'
import {locator} from './locate.ts'
import type {Table} from './table.ts'
import {type Waived, waive} from './waivers.ts'

/** An environment with its clusters. */
export interface VerifiedEnvironment {
  read: ReadEnvironment
  sites: readonly Site[]
}

export interface GateResult {
  gate: GateName
  errors: number
  warnings: number
  /** Why it could not look at everything; undefined where it could. */
  incomplete: string | undefined
}

export interface Verified {
  issues: readonly Issue[]
  results: readonly GateResult[]
  waived: readonly Waived[]
  tables: readonly Table[]
  counts: {environments: number; clusters: number; objects: number}
}

export interface VerifyOptions {
  root: string
  environments: readonly VerifiedEnvironment[]
  /** What stands in a cluster. */
  clusterOf: (site: Site) => Promise<RenderedCluster>
  gates: readonly Gate[]
  progress?: (text: string) => void
}

/** A gate that has begun. */
interface Running {
  gate: Gate
  run: GateRun
  findings: Finding[]
}

/** Lets gates look at what stands in a repository, one cluster after the other. */
export async function verify(options: VerifyOptions): Promise<Verified> {
  const {root, environments, clusterOf, gates, progress = () => {}} = options
  const running = gates.map((gate): Running => ({gate, run: gate.start(root), findings: []}))
  const images = readImageLock(root)
  const counts = {environments: environments.length, clusters: 0, objects: 0}
  for (const {read, sites} of environments) {
    let cloud: RenderedCluster | undefined
    for (const site of sites) {
      progress(`Verifying ${read.environment.name}: ${site.cluster.name}`)
      const cluster = await clusterOf(site)
      cloud ??= cluster
      counts.clusters += 1
      counts.objects += cluster.objects.length + cluster.engine.length
      const around = {root, read, cloud, images}
      for (const {run, findings} of running) findings.push(...look(run, cluster, around))
    }
  }
  for (const {gate, run, findings} of running) {
    progress(`Verifying: ${gate.name}`)
    findings.push(...(await ending(gate, run)))
  }
  const locate = locator(root)
  const located = running.flatMap((each) => issuesOf(each, locate))
  const {issues: passed, waived} = waive(
    located,
    environments.map(({read}) => read),
    gates,
  )
  const issues = fold(passed)
  return {
    issues,
    waived,
    counts,
    results: running.map(({gate, run}) => resultOf(gate, run, issues)),
    tables: running.flatMap(({run}) => run.tables?.() ?? []),
  }
}

/** A program that ends otherwise than it should must not take the findings of the other gates along. */
async function ending({name}: Gate, run: GateRun): Promise<readonly Finding[]> {
  try {
    return (await run.end?.()) ?? []
  } catch (error) {
    if (error instanceof IssueError) throw error
    const message = `This gate could not come to an end: ${(error as Error).message.split('\n')[0]}`
    return [{file: `docs/gates/${name}.md`, message, fix: 'run npm run tools; if it says so again, report it'}]
  }
}

/** What a gate says of a cluster. Objects that are not formed as their kind is may be more than it can read. */
export function look(run: GateRun, cluster: RenderedCluster, around: Surroundings): readonly Finding[] {
  try {
    return run.cluster?.(cluster, around) ?? []
  } catch (error) {
    if (error instanceof IssueError) throw error
    const {environment, cluster: of} = cluster.site
    const file = `clusters/${environment.name}/${of.name}`
    const message = `This gate cannot read the objects of ${of.name}: ${(error as Error).message}`
    return [about({file}, cluster, message, 'mend what gate schemas says, or run npm run render')]
  }
}

export type GateIssue = ClusterIssue & {gate: GateName}

function issuesOf({gate, findings}: Running, locate: (finding: Finding) => Finding): GateIssue[] {
  return findings.map((finding) => ({severity: 'error', code: 'gate', ...locate(finding), gate: gate.name}))
}

function resultOf(gate: Gate, run: GateRun, issues: readonly Issue[]): GateResult {
  const own = issues.filter((issue) => issue.gate === gate.name)
  const errors = own.filter(({severity}) => severity === 'error').length
  return {gate: gate.name, errors, warnings: own.length - errors, incomplete: run.incomplete?.()}
}
