import pMap from 'p-map'
import {edgeUser} from '../secret.ts'
import type {Authority} from './authority.ts'
import type {Bundle} from './bundle.ts'
import {fingerprint} from './certificate.ts'
import {withOthers} from './cloud-secrets.ts'
import type {ClusterFiles} from './cluster-files.ts'
import {concurrency} from './encrypt.ts'
import {completeIdentity, type Identity} from './identity.ts'
import {holds} from './plan.ts'
import type {Registry} from './registry.ts'
import {marksOf, missingIn, obsoleteIn, seenFingerprint, wrongRecipients} from './seen.ts'
import {compose} from './values.ts'

/** An edge cluster whose file was decrypted, with its identity. */
export interface OpenedEdge {
  edge: ClusterFiles
  present: Bundle
  identity: Identity
}

/**
 * Whether all that can be seen of an edge cluster from outside is as it should be, so that it need not be opened.
 * `trusted` is the fingerprint of the certificates that edges trust, where there are any of our own.
 */
export function isIntact(edge: ClusterFiles, registry: Registry, trusted: string | undefined): boolean {
  const {name, seen, planned, declared, recipients} = edge
  if (!seen) return false
  const {extra, missing} = wrongRecipients(seen, recipients)
  const wrong = [...extra, ...missing, ...missingIn(seen, planned), ...obsoleteIn(seen, planned, declared)]
  if (wrong.length > 0) return false
  const certificate = registry.certificates.get(name)
  const isKnown = registry.hashes.has(edgeUser(name)) && registry.streamKeys.has(name) && certificate !== undefined
  const trusts = trusted === undefined || seenFingerprint(seen, 'authority') === trusted
  return isKnown && trusts && seenFingerprint(seen, 'identity') === fingerprint(certificate)
}

/** Opens edge clusters and completes their identities; those in `rotated` get new ones. */
export async function openEdges(
  edges: readonly ClusterFiles[],
  options: {
    rotated: ReadonlySet<string>
    now: Date
    progress: (text: string) => void
    open: (files: ClusterFiles) => Promise<Bundle | undefined>
  },
): Promise<OpenedEdge[]> {
  const {rotated, now, progress, open} = options
  let done = 0
  return pMap(
    edges,
    async (edge) => {
      const present = (await open(edge)) ?? new Map()
      const known = rotated.has(edge.name) ? new Map() : present
      const identity = await completeIdentity(edge.name, edge.planned, known, now)
      done += 1
      progress(`Completing edge clusters: ${done} of ${edges.length}`)
      return {edge, present, identity}
    },
    {concurrency},
  )
}

/** The Secrets of an edge cluster. */
export function composeEdge({edge, present, identity}: OpenedEdge, authority: Authority | undefined): Bundle {
  const planned = edge.planned.filter((secret) => authority || !holds(secret, 'authority'))
  const composed = compose(planned, present, {
    rotated: new Set(),
    perEdge: () => ({}),
    annotationsOf: (secret) => marksOf(secret, {identity: identity.certificate, authority: authority?.trusted}),
    workOut: (value) => {
      if (value.kind === 'identity') return identity[value.part]
      return value.kind === 'authority' ? authority?.[value.part] : undefined
    },
  })
  return withOthers(composed, present, edge.declared)
}
