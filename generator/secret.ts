/** An account in Elasticsearch that a program of the cloud logs in with; Secret `secret` holds its name and password. */
export interface ServiceUser {
  name: string
  secret: string
  role: string
}

/**
 * Where the value of a key of a Secret comes from, as data: `npm run secrets` makes it, and nothing of it is rendered.
 * What is worked out of other values follows them; what is random stays until somebody rotates it.
 */
export type SecretValue =
  /** No secret, such as the name of a user. */
  | {kind: 'text'; text: string}
  /** 256 random bits as 43 letters, digits, `-` and `_`. */
  | {kind: 'password'}
  /** An account that is another one after each rotation, so that the one before goes on until its users have changed. */
  | {kind: 'account'; prefix: string}
  /** What another key of the Secret, which stands before it, was before: the last five, with spaces between. */
  | {kind: 'previous'; of: string}
  /** A part of the identity of an edge cluster, in the Secrets of that cluster. */
  | {kind: 'identity'; part: 'user' | 'password' | 'streamKey' | 'certificate' | 'privateKey'}
  /** A part of the environment's authority: the chain that it signs with, its key, the certificates to trust. */
  | {kind: 'authority'; part: 'chain' | 'privateKey' | 'trusted'}
  /** The client certificates of all edge clusters, one after the other. */
  | {kind: 'clientCertificates'}
  /** Names and bcrypt hashes of the operators, as htpasswd writes them. */
  | {kind: 'operatorLogins'}
  /** A file of the file realm of Elasticsearch: operators, services and edge clusters. */
  | {
      kind: 'fileRealm'
      file: 'users' | 'users_roles'
      services: readonly ServiceUser[]
      operatorRoles: readonly string[]
    }

/** In place of fixed keys: an entry for each edge cluster, its name and its stream key. */
export const streamKeyPerEdge = 'stream key per edge cluster'

export type SecretKeys = Readonly<Record<string, SecretValue>> | typeof streamKeyPerEdge

export const password: SecretValue = {kind: 'password'}

/** The name of an account; nothing secret. */
export function userName(text: string): SecretValue {
  return {kind: 'text', text}
}

/** The user of an edge cluster in Elasticsearch, and the role that only it has. */
export function edgeUser(cluster: string): string {
  return `edge-${cluster}`
}

/** The keys of a Secret, in words. */
export function describeKeys(keys: SecretKeys): string {
  return keys === streamKeyPerEdge ? 'one per edge cluster' : Object.keys(keys).join(', ')
}
