import type {ReadEnvironment} from '../environment/read.ts'
import type {Path} from '../environment/source.ts'
import type {GateName} from '../environment/verification.ts'
import type {Issue} from '../issue/issue.ts'
import type {ImageLock} from '../model/image-lock.ts'
import type {Placed, RenderedCluster} from '../tree/tree.ts'
import type {Table} from './table.ts'

/** What a gate knows of the environment of a cluster. */
export interface Surroundings {
  root: string
  read: ReadEnvironment
  cloud: RenderedCluster
  images: ImageLock
}

/** A problem that a gate found. */
export type Finding = Omit<Issue, 'gate' | 'code' | 'severity'> & {
  severity?: Issue['severity']
  environment?: string
  cluster?: string
  /** Texts by which the line is found, the first that is there. */
  marks?: readonly string[]
  /** Another file that may say it, where the first does not. */
  orIn?: string
}

/** One kind of fault that must not reach Git. */
export interface Gate {
  name: GateName
  /** What holds where it passes, in one sentence. */
  rule: string
  /** What happens in the field where it does not. */
  reason: string
  /** Where the reason comes from. */
  source: string
  /** Begins a run over one repository. */
  start: (root: string) => GateRun
}

export interface GateRun {
  /** Looks at one cluster; the cloud of an environment comes before its edge clusters. */
  cluster?: (cluster: RenderedCluster, around: Surroundings) => readonly Finding[]
  /** Looks at what is there once, after all clusters. */
  end?: () => Promise<readonly Finding[]>
  /** What it worked out, for a person. */
  tables?: () => readonly Table[]
  /** Why it could not look at everything; undefined where it could. */
  incomplete?: () => string | undefined
}

/** A gate that looks at each cluster by itself. */
export function clusterGate(gate: Omit<Gate, 'start'> & {check: NonNullable<GateRun['cluster']>}): Gate {
  const {check, ...rest} = gate
  return {...rest, start: () => ({cluster: check})}
}

/** A finding about something that was rendered; `mark` is a text of the line that is wrong. */
export function about(
  place: Pick<Placed, 'file' | 'component' | 'layer'> & {object?: Placed['object']},
  {site}: RenderedCluster,
  message: string,
  fix: string,
  mark = '',
): Finding {
  const {file, component, layer, object} = place
  const own = component ? [`^${component}:`] : object ? [`name: ${object.metadata?.name}`] : []
  // What is to be written instead mostly stands there already, with another value.
  const [, wanted] = /^write ([A-Za-z][\w.]+): /.exec(fix) ?? []
  const marks = [mark, ...(wanted ? [`${wanted}:`] : []), ...own].filter(Boolean)
  const orIn = layer && !file.startsWith('charts/') ? {orIn: `charts/${layer}/values.yaml`} : {}
  return {file, environment: site.environment.name, cluster: site.cluster.name, message, fix, marks, ...orIn}
}

/**
 * A finding about what the environment file says of a cluster; `path` begins at the cluster, `or` at the top, for what
 * holds for all clusters that do not say it.
 */
export function declared(
  {read}: Surroundings,
  {site}: RenderedCluster,
  {
    path,
    or,
    message,
    fix,
    severity,
  }: {path: Path; or?: Path; message: string; fix: string; severity?: Issue['severity']},
): Finding {
  const own = [...placeOf(read, site.cluster.name), ...path]
  const {
    code: _code,
    severity: _severity,
    ...place
  } = read.source.issue({
    path: or && !read.source.has(own) && read.source.has(or) ? or : own,
    message,
    fix,
  })
  const {name} = site.environment
  return {...place, environment: name, cluster: site.cluster.name, ...(severity ? {severity} : {})}
}

/** Where the environment file speaks of a cluster. */
function placeOf({environment}: ReadEnvironment, cluster: string): Path {
  const index = environment.edge.clusters.findIndex(({name}) => name === cluster)
  return index < 0 ? ['cloud'] : ['edge', 'clusters', index]
}
