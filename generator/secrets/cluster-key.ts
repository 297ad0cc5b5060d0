import {chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {generateX25519Identity, identityToRecipient} from 'age-encryption'

/** The age identity of a cluster, which is put into the cluster and never committed. */
export interface ClusterKey {
  recipient: string
  /** Undefined where only the public key is known. */
  identity: string | undefined
}

/** Where private keys wait until they are in their clusters; Git ignores the folder. */
export function clusterKeyPath(environment: string, cluster: string): string {
  return `.secrets/${environment}/${cluster}.agekey`
}

/** The identity that waits in the folder, or a new one. */
export async function clusterKey(
  root: string,
  environment: string,
  cluster: string,
  renew: boolean,
): Promise<ClusterKey> {
  const identity = (renew ? undefined : waitingIdentity(root, environment, cluster)) ?? (await generateX25519Identity())
  return {identity, recipient: await identityToRecipient(identity)}
}

/** Whether a private key waits that is not that of the cluster, so that nobody puts it in. */
export async function isWaitingKeyWrong(
  root: string,
  environment: string,
  cluster: string,
  recipient: string,
): Promise<boolean> {
  const identity = waitingIdentity(root, environment, cluster)
  return identity !== undefined && (await identityToRecipient(identity)) !== recipient
}

function waitingIdentity(root: string, environment: string, cluster: string): string | undefined {
  return identityIn(join(root, clusterKeyPath(environment, cluster)))
}

function identityIn(path: string): string | undefined {
  return existsSync(path) ? /^AGE-SECRET-KEY-1[A-Z0-9]+$/m.exec(readFileSync(path, 'utf8'))?.[0] : undefined
}

/**
 * Writes the private key aside, where only its owner can read it, in the form of age-keygen; gives back what puts it in
 * its place once the public one is there.
 */
export function keepClusterKey(
  root: string,
  environment: string,
  cluster: string,
  {identity, recipient}: ClusterKey,
): () => void {
  const path = join(root, clusterKeyPath(environment, cluster))
  mkdirSync(dirname(path), {recursive: true, mode: 0o700})
  chmodSync(join(root, '.secrets'), 0o700)
  writeFileSync(join(root, '.secrets/.gitignore'), '*\n')
  const text = `# cluster ${cluster} of environment ${environment}\n# public key: ${recipient}\n${identity}\n`
  writeFileSync(asidePath(path), text, {mode: 0o600})
  return () => renameSync(asidePath(path), path)
}

/** Ends what a killed run has begun: its private key counts if its public key is there. */
export async function settleClusterKey(
  root: string,
  environment: string,
  cluster: string,
  recipient: string | undefined,
) {
  const path = join(root, clusterKeyPath(environment, cluster))
  if (!existsSync(asidePath(path))) return
  const identity = identityIn(asidePath(path))
  if (identity && (await identityToRecipient(identity)) === recipient) renameSync(asidePath(path), path)
  else rmSync(asidePath(path))
}

function asidePath(path: string): string {
  return `${path}.new`
}
