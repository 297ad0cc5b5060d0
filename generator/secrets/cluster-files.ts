import {existsSync, readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import type {LayerDefinition, Site} from '../component.ts'
import {
  isConflicted,
  readRecipient,
  readSealedFile,
  recipientsOf,
  type SealedFile,
  sealedPaths,
} from '../environment/sealed.ts'
import type {Issue} from '../issue/issue.ts'
import {run} from '../verify/run.ts'
import {type ClusterKey, clusterKey, clusterKeyPath, isWaitingKeyWrong, settleClusterKey} from './cluster-key.ts'
import {declaredSecrets, type PlannedSecret, plannedSecrets} from './plan.ts'

/** What there is of the Secrets of a cluster before anything is decrypted. */
export interface ClusterFiles {
  site: Site
  name: string
  /** Path of the encrypted Secrets. */
  path: string
  planned: readonly PlannedSecret[]
  /** Secrets that are ours to remove where they are not planned any more, as namespace/name. */
  declared: ReadonlySet<string>
  /** The file from outside; undefined where there is none, or a conflict. */
  seen: SealedFile | undefined
  /** Who could read the file until now; on both sides of a conflict. */
  readers: readonly string[]
  /** The public key, and the private one where it is new. */
  key: ClusterKey & {isNew: boolean}
  /** Who shall be able to read the file: the operators and the cluster. */
  recipients: readonly string[]
}

/** Looks at the files of a cluster; problems go to `issues`. With `renew` the cluster gets a new key. */
export async function lookAt(options: {
  root: string
  site: Site
  layers: readonly LayerDefinition[]
  renew: boolean
  issues: Issue[]
}): Promise<ClusterFiles> {
  const {root, site, layers, renew, issues} = options
  const environment = site.environment.name
  const {name} = site.cluster
  const paths = sealedPaths(environment, name)
  const hasSecrets = existsSync(join(root, paths.secrets))
  const hasKey = existsSync(join(root, paths.recipient))
  await settleClusterKey(
    root,
    environment,
    name,
    hasKey ? readFileSync(join(root, paths.recipient), 'utf8').trim() : undefined,
  )
  const isNew = renew || (!hasSecrets && !hasKey)
  const place = {root, environment, cluster: name}
  const known = isNew ? undefined : readRecipient(place, issues)
  const key = isNew ? await clusterKey(root, environment, name, renew) : {recipient: known ?? '', identity: undefined}
  const text = hasSecrets ? readFileSync(join(root, paths.secrets), 'utf8') : ''
  const isMerging = isConflicted(text)
  if (known && (await isWaitingKeyWrong(root, environment, name, known))) issues.push(wrongKey(environment, name))
  const operators = site.environment.secrets?.operators ?? []
  return {
    site,
    name,
    path: paths.secrets,
    planned: plannedSecrets(site, layers),
    declared: declaredSecrets(site, layers),
    seen: hasSecrets && !isMerging ? readSealedFile(place, issues) : undefined,
    readers: [...new Set(recipientsOf(text))],
    key: {...key, isNew},
    recipients: [...operators.map(({recipient}) => recipient), key.recipient],
  }
}

function wrongKey(environment: string, cluster: string): Issue {
  return {
    severity: 'warning',
    code: 'cluster-key',
    file: clusterKeyPath(environment, cluster),
    message: 'The private key that waits here is not that of the cluster: with it, nothing could be decrypted',
    fix: `delete it; where the cluster has no key yet, run npm run secrets -- ${environment} --new-key ${cluster}`,
  }
}

/** Files that Git has and that are gone from the working tree: made anew, they would lock out what has the old ones. */
export async function deletedFiles(root: string, sites: readonly Site[]): Promise<Issue[]> {
  const ours = new Set(
    sites.flatMap(({environment, cluster}) => Object.values(sealedPaths(environment.name, cluster.name))),
  )
  const patterns = ['clusters/*/*/secrets.sops.yaml', 'clusters/*/*/age.pub']
  const {stdout, exitCode} = await run('git', ['ls-files', '-z', '--deleted', '--', ...patterns], {cwd: root})
  const paths = exitCode === 0 ? stdout.split('\0').filter((path) => ours.has(path)) : []
  return paths.map((file) => ({
    severity: 'error',
    code: 'deleted',
    file,
    message: 'Cannot go on without this file: Git has it, and the clusters use what is in it',
    fix: `git checkout -- ${file} brings it back; where it shall go for good, git rm ${file}`,
  }))
}

/** Files of clusters and operators that the environment no longer has. */
export function filesOfNobody(root: string, {environment, edgeClusters}: Site): string[] {
  const clusters = new Set(['cloud', ...edgeClusters.map(({name}) => name)])
  const operators = new Set(environment.secrets?.operators.map(({name}) => `${name}.sops.yaml`))
  const ofClusters = foldersIn(root, `clusters/${environment.name}`)
    .filter((name) => !clusters.has(name))
    .flatMap((name) => [...Object.values(sealedPaths(environment.name, name)), clusterKeyPath(environment.name, name)])
  const folder = `environments/${environment.name}/operators`
  const ofOperators = foldersIn(root, folder)
    .filter((name) => name.endsWith('.sops.yaml') && !operators.has(name))
    .map((name) => `${folder}/${name}`)
  return [...ofClusters, ...ofOperators].filter((path) => existsSync(join(root, path)))
}

function foldersIn(root: string, folder: string): string[] {
  return existsSync(join(root, folder)) ? readdirSync(join(root, folder)) : []
}
