import {join} from 'node:path'
import type {LayerDefinition, Site} from '../component.ts'
import {sealedPaths} from '../environment/sealed.ts'
import {hasErrors, type Issue, IssueError} from '../issue/issue.ts'
import {withLockHeld} from '../output/lock.ts'
import {presentContent} from '../output/write.ts'
import {type Authority, hasOlder, retirementOf} from './authority.ts'
import {authorityPath, resolveAuthority} from './authority-state.ts'
import {idOf} from './bundle.ts'
import {fingerprint} from './certificate.ts'
import {composeCloud, register, servicesOf, strikeOut} from './cloud-secrets.ts'
import {type ClusterFiles, deletedFiles, filesOfNobody, lookAt} from './cluster-files.ts'
import {keepClusterKey} from './cluster-key.ts'
import {composeEdge, isIntact, openEdges} from './edge-secrets.ts'
import {type Change, changedSecrets, encryptAll, isChanged} from './encrypt.ts'
import {type Exposure, exposureOf} from './exposure.ts'
import {openBundle} from './merge.ts'
import {completeLogins} from './operator-login.ts'
import {readRegistry} from './registry.ts'
import {sizeIssues} from './size.ts'
import type {Sops} from './sops.ts'
import {type StoredFile, storeFiles} from './store.ts'
import {type Targets, targetsOf} from './targets.ts'

export interface Request {
  root: string
  /** The clusters of one environment, the cloud first. */
  sites: readonly Site[]
  layers: readonly LayerDefinition[]
  sops: Sops
  /** What to make anew: edge clusters, operators, Secrets of the cloud, `authority`, `all`. */
  rotate: readonly string[]
  /** Clusters whose age key was lost, or read by somebody. */
  newKeys: readonly string[]
  /** Whether to stop trusting the older authority; `now`: before every edge can be sure to know the newer one. */
  retire: 'no' | 'in time' | 'now'
  now: Date
  progress: (text: string) => void
}

/** What was done, for a person. */
export interface Made {
  /** Paths that were written, with the names of the Secrets in them that are others now. */
  changed: {path: string; secrets: string[]}[]
  removed: string[]
  /** Clusters whose private key now waits to be put into them. */
  newKeys: string[]
  exposed: Exposure
  /** From when the older authority can be retired, where there is one. */
  retirement: Date | undefined
  /** What has to be done by hand after a rotation. */
  notes: string[]
  issues: Issue[]
}

/**
 * Makes what the Secrets of an environment lack and leaves what is there as it is. Nothing is written where anything
 * fails; problems come back in `issues` or as an IssueError.
 */
export function makeSecrets(request: Request): Promise<Made> {
  return withLockHeld(request.root, (staging) => make(request, staging))
}

async function make(request: Request, staging: string): Promise<Made> {
  const {root, sops, progress, now} = request
  const issues: Issue[] = []
  const [cloud, ...edges] = await lookAtAll(request, issues)
  if (!cloud || hasErrors(issues)) throw new IssueError(...issues)
  const open = ({path, planned}: ClusterFiles) => openBundle({root, path, planned, sops, issues})
  const targets = targetsOf(request.rotate, cloud.site, cloud.planned)
  progress('Decrypting the Secrets of the cloud')
  const present = (await open(cloud)) ?? new Map()
  const registry = readRegistry(present, cloud.planned)
  const authority = await resolveAuthority({...request, cloud, present, rotate: targets.authority, issues})
  const {clusters: rotated} = targets
  const trusted = authority && fingerprint(authority.trusted)
  const outdated = edges.filter((edge) => rotated.has(edge.name) || !isIntact(edge, registry, trusted))
  const opened = await openEdges(outdated, {rotated, now, progress, open})
  strikeOut(registry, cloud.site, servicesOf(cloud.planned))
  for (const {edge, identity} of opened) register(registry, edge.name, identity)
  const logins = await completeLogins({root, sops, site: cloud.site, registry, rotated: targets.operators})
  const wanted = composeCloud({...cloud, present, registry, authority, rotated: targets.secrets})
  const changes = [
    {files: cloud, present, wanted},
    ...opened.map((each) => ({files: each.edge, present: each.present, wanted: composeEdge(each, authority)})),
  ].filter(isChanged)
  issues.push(...changes.flatMap((change) => sizeIssues(change.files.path, change.wanted)))
  if (hasErrors(issues)) throw new IssueError(...issues)
  const sealed = await encryptAll(changes, sops, progress)
  await expectReadable(sops, cloud, sealed)
  const clusters = [cloud, ...edges]
  const removed = filesOfNobody(root, cloud.site)
  const exposed = exposureOf({root, clusters, cloud, authority, removed})
  const files = [...publicKeys(clusters), ...authorityFile(request, cloud.site, authority), ...sealed, ...logins]
  store(request, staging, clusters, [...files, ...removed.map((path) => ({path, content: undefined}))])
  return {
    changed: files.map(({path}) => ({path, secrets: secretsIn(path, changes)})),
    removed,
    newKeys: clusters.filter(({key}) => key.isNew).map(({name}) => name),
    exposed,
    retirement: authority && hasOlder(authority) ? retirementOf(authority, cloud.site.environment) : undefined,
    notes: notesOn(targets, cloud),
    issues,
  }
}

async function lookAtAll({root, sites, layers, newKeys}: Request, issues: Issue[]): Promise<ClusterFiles[]> {
  const names = sites.map(({cluster}) => cluster.name)
  const unknown = newKeys.filter((name) => !names.includes(name))
  for (const name of unknown) issues.push(unknownCluster(name, names))
  issues.push(...(await deletedFiles(root, sites)))
  return Promise.all(
    sites.map((site) => lookAt({root, site, layers, renew: newKeys.includes(site.cluster.name), issues})),
  )
}

/** Private keys are written first and put in place last: one without its public key would open nothing. */
function store(
  {root}: Request,
  staging: string,
  clusters: readonly ClusterFiles[],
  files: readonly StoredFile[],
): void {
  const inPlace = clusters
    .filter(({key}) => key.isNew)
    .map(({site, name, key}) => keepClusterKey(root, site.environment.name, name, key))
  storeFiles(root, staging, files)
  for (const put of inPlace) put()
}

/** Who makes Secrets must be able to read them again, or the next run could not. */
async function expectReadable(sops: Sops, cloud: ClusterFiles, sealed: readonly StoredFile[]): Promise<void> {
  const content = sealed.find(({path}) => path === cloud.path)?.content
  if (content === undefined || (await sops.canDecrypt(content))) return
  const {name, secrets} = cloud.site.environment
  const operators = secrets?.operators.map((operator) => operator.name).join(', ')
  throw new IssueError({
    severity: 'error',
    code: 'sops',
    file: `environments/${name}/environment.yaml`,
    path: 'secrets.operators',
    message: `Cannot make Secrets that you could not read: none of your age keys is that of ${operators}`,
    fix: 'add yourself, with what age-keygen -y KEYFILE prints, and name KEYFILE in SOPS_AGE_KEY_FILE',
  })
}

function publicKeys(clusters: readonly ClusterFiles[]): StoredFile[] {
  return clusters
    .filter(({key}) => key.isNew)
    .map(({site, name, key}) => ({
      path: sealedPaths(site.environment.name, name).recipient,
      content: `${key.recipient}\n`,
    }))
}

function authorityFile({root}: Request, {environment}: Site, authority: Authority | undefined): StoredFile[] {
  const path = authorityPath(environment.name)
  const isThere = presentContent(join(root, path)) === authority?.trusted
  return !authority || isThere ? [] : [{path, content: authority.trusted}]
}

function secretsIn(path: string, changes: readonly Change[]): string[] {
  return changes.filter(({files}) => files.path === path).flatMap(changedSecrets)
}

function notesOn({secrets}: Targets, {planned}: ClusterFiles): string[] {
  return planned
    .filter((secret) => secrets.has(idOf(secret)))
    .flatMap(({name, afterRotation}) => (afterRotation ? [`${name}: ${afterRotation}`] : []))
}

function unknownCluster(name: string, names: readonly string[]): Issue {
  return {
    severity: 'error',
    code: 'new-key',
    file: '--new-key',
    message: `Cannot make a key for ${name}: there is no such cluster`,
    fix: `write one of ${names.slice(0, 30).join(', ')}`,
  }
}
