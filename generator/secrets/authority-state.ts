import {join} from 'node:path'
import type {Environment} from '../environment/schema.ts'
import type {Issue} from '../issue/issue.ts'
import {IssueError} from '../issue/issue.ts'
import {presentContent} from '../output/write.ts'
import {
  type Authority,
  firstAuthority,
  hasOlder,
  isOwn,
  nextAuthority,
  retirementOf,
  withoutOlder,
} from './authority.ts'
import type {Bundle} from './bundle.ts'
import {certificatesIn} from './certificate.ts'
import type {ClusterFiles} from './cluster-files.ts'
import {partsIn} from './plan.ts'

/** The certificates to trust, for browsers and for a look: public, and written anew from the Secrets. */
export function authorityPath(environment: string): string {
  return `environments/${environment}/authority.crt`
}

/** What is asked of the authority; `all` asks for a rotation as far as one is possible. */
export interface AuthorityRequest {
  rotate: 'no' | 'named' | 'all'
  retire: 'no' | 'in time' | 'now'
}

/**
 * The authority of the environment: the present one, a first, a next or the newest alone. Undefined with a public one.
 * With issuer self-signed it is made inside the cloud cluster, and its certificate is read from `authorityPath`.
 */
export async function resolveAuthority(
  options: AuthorityRequest & {root: string; cloud: ClusterFiles; present: Bundle; now: Date; issues: Issue[]},
): Promise<Authority | undefined> {
  const {root, cloud, present, rotate, retire, now, issues} = options
  const {environment} = cloud.site
  const {issuer} = environment.cloud.certificates
  if (issuer === 'acme') return undefined
  if (issuer === 'self-signed') return authorityOfCluster(root, environment.name, issues)
  const found = readAuthority(cloud, present) ?? (await firstAuthority(environment, now))
  const authority = retire === 'no' ? found : retired(found, environment, retire, now, issues)
  if (rotate === 'no') return authority
  if (!hasOlder(authority)) return nextAuthority(environment, authority, now)
  const issue = notYet(environment.name, 'rotate', retirementOf(authority, environment))
  if (rotate === 'named') throw new IssueError(issue)
  issues.push({...issue, severity: 'warning'})
  return authority
}

function retired(
  authority: Authority,
  environment: Environment,
  retire: 'in time' | 'now',
  now: Date,
  issues: Issue[],
): Authority {
  if (!hasOlder(authority)) {
    issues.push({
      severity: 'warning',
      code: 'authority',
      file: authorityPath(environment.name),
      message: 'There is no older authority to retire',
      fix: 'leave --retire out',
    })
    return authority
  }
  const date = retirementOf(authority, environment)
  if (retire === 'in time' && now < date) throw new IssueError(notYet(environment.name, 'retire', date))
  return withoutOlder(authority)
}

function readAuthority({planned}: ClusterFiles, present: Bundle): Authority | undefined {
  const {chain, privateKey, ...found}: Partial<Authority> = partsIn(planned, present, 'authority')
  // Who has put in an authority of their own need not say whom to trust: the last of its chain.
  const trusted = found.trusted || certificatesIn(chain ?? '').at(-1)
  return chain && privateKey && trusted ? {chain, privateKey, trusted} : undefined
}

function authorityOfCluster(root: string, environment: string, issues: Issue[]): Authority | undefined {
  const path = authorityPath(environment)
  const trusted = presentContent(join(root, path)) ?? ''
  // One of our own is from before the issuer was changed.
  const [first] = certificatesIn(trusted)
  if (first && !isOwn(first, environment)) return {chain: '', privateKey: '', trusted}
  issues.push({
    severity: 'warning',
    code: 'authority',
    file: path,
    message: 'Cannot tell the edge clusters whom to trust: the authority is made inside the cloud cluster',
    fix: `once the cloud runs, put ca.crt of its Secret cloud-operators/environment-ca here, and run npm run secrets -- ${environment} again`,
  })
  return undefined
}

function notYet(environment: string, what: 'rotate' | 'retire', date: Date): Issue {
  const day = date.toISOString().slice(0, 10)
  return {
    severity: 'error',
    code: 'authority',
    file: authorityPath(environment),
    message:
      what === 'rotate'
        ? 'Cannot rotate the authority: the one before is still trusted'
        : `Cannot retire the older authority before ${day}: an edge that is offline may know only that one`,
    fix: `run npm run secrets -- ${environment} --retire on ${day} or later; with --now it is done at once, and an edge hears nothing of the cloud until it has fetched Git`,
  }
}
