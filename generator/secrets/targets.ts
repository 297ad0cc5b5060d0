import type {Site} from '../component.ts'
import type {Issue} from '../issue/issue.ts'
import {IssueError} from '../issue/issue.ts'
import {idOf} from './bundle.ts'
import {holds, type PlannedSecret} from './plan.ts'

/** What is to be made anew. */
export interface Targets {
  /** Edge clusters whose identity is. */
  clusters: ReadonlySet<string>
  operators: ReadonlySet<string>
  /** Secrets of the cloud, as namespace/name. */
  secrets: ReadonlySet<string>
  authority: 'no' | 'named' | 'all'
}

interface Candidate {
  kind: 'cluster' | 'operator' | 'secret' | 'authority'
  name: string
  /** How the target is kept. */
  id: string
}

/** What names on the command line mean; an error with all that they could mean where one is unknown. */
export function targetsOf(names: readonly string[], cloud: Site, planned: readonly PlannedSecret[]): Targets {
  const candidates = candidatesOf(cloud, planned)
  const found = names.flatMap((name) => (name === 'all' ? candidates : find(name, candidates, planned)))
  const ids = (kind: Candidate['kind']) => new Set(found.filter((each) => each.kind === kind).map(({id}) => id))
  return {
    clusters: ids('cluster'),
    operators: ids('operator'),
    secrets: ids('secret'),
    authority: authorityTarget(names, ids('authority').size > 0),
  }
}

function authorityTarget(names: readonly string[], isFound: boolean): Targets['authority'] {
  if (!isFound) return 'no'
  return names.some((name) => name.endsWith('authority')) ? 'named' : 'all'
}

/** Names of what somebody could read who could read the Secrets of these clusters: what has to be rotated then. */
export function readableIn(clusters: readonly string[], cloud: Site, planned: readonly PlannedSecret[]): string[] {
  const isOfCloud = clusters.includes(cloud.cluster.name)
  return candidatesOf(cloud, planned)
    .filter(({kind, name}) => (kind === 'cluster' ? clusters.includes(name) : kind !== 'operator' && isOfCloud))
    .map(({name}) => name)
}

function candidatesOf({environment, edgeClusters}: Site, planned: readonly PlannedSecret[]): Candidate[] {
  const random = planned.filter((secret) => holds(secret, 'password'))
  const hasAuthority = planned.some((secret) => holds(secret, 'authority', 'privateKey'))
  return [
    ...(hasAuthority ? [{kind: 'authority', name: 'authority', id: 'authority'} as const] : []),
    ...random.map((secret): Candidate => ({kind: 'secret', name: secret.name, id: idOf(secret)})),
    ...(environment.secrets?.operators ?? []).map(({name}): Candidate => ({kind: 'operator', name, id: name})),
    ...edgeClusters.map(({name}): Candidate => ({kind: 'cluster', name, id: name})),
  ]
}

function find(name: string, candidates: readonly Candidate[], planned: readonly PlannedSecret[]): Candidate[] {
  const matches = candidates.filter((each) => each.name === name || `${each.kind}/${each.name}` === name)
  if (matches.length === 1) return matches
  if (matches.length > 1) {
    const full = matches.map((each) => `${each.kind}/${each.name}`)
    throw new IssueError(wrong(`Cannot rotate ${name}: it has several meanings`, `write one of ${full.join(', ')}`))
  }
  const made = planned.find((secret) => secret.name === name)
  throw new IssueError(
    made
      ? wrong(`Cannot rotate ${name}: it is made from other things`, sourceOf(made))
      : wrong(`Cannot rotate ${name}: there is nothing of that name`, `write all, or one of ${shown(candidates)}`),
  )
}

/** What to rotate in the place of a Secret that is worked out. */
function sourceOf({keys}: PlannedSecret): string {
  const kinds = typeof keys === 'string' ? ['identity'] : Object.values(keys).map(({kind}) => kind)
  if (kinds.includes('authority')) return 'write --rotate authority'
  if (kinds.includes('operatorLogins')) return 'write --rotate with the name of an operator'
  if (kinds.includes('fileRealm')) {
    return 'write --rotate with the name of an operator, of an edge cluster, or of the Secret of a program'
  }
  return 'write --rotate with the name of an edge cluster'
}

const shownNames = 30

function shown(candidates: readonly Candidate[]): string {
  const names = candidates.slice(0, shownNames).map(({name}) => name)
  const more = candidates.length - names.length
  return names.join(', ') + (more > 0 ? ` (and ${more} more)` : '')
}

function wrong(message: string, fix: string): Issue {
  return {severity: 'error', code: 'rotate', file: '--rotate', message, fix}
}
