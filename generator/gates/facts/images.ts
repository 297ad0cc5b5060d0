import {containersOf, type Pods, podsOf} from '../../tree/pods.ts'
import type {RenderedCluster} from '../../tree/tree.ts'

/** An image that a cluster runs, with all that run it. */
export interface UsedImage {
  reference: string
  by: readonly Pods[]
}

/** Every image of a cluster: of init containers, hooks, operators and published charts too. */
export function imagesIn(cluster: RenderedCluster): UsedImage[] {
  const used = new Map<string, Pods[]>()
  for (const pods of podsOf(cluster)) {
    for (const {image = ''} of containersOf(pods.spec)) {
      const by = used.get(image) ?? []
      if (!by.includes(pods)) by.push(pods)
      used.set(image, by)
    }
  }
  return [...used].map(([reference, by]) => ({reference, by}))
}

/**
 * The reference by which the lock knows an image: without the mirror of the environment in front, and without a digest.
 */
export function lockedReference(reference: string, mirror: string | undefined, known: Iterable<string>): string {
  const named = reference.replace(/@sha256:[0-9a-f]+$/, '')
  if (!mirror || !named.startsWith(`${mirror}/`)) return named
  const path = named.slice(mirror.length + 1)
  for (const candidate of known) if (candidate.slice(candidate.indexOf('/') + 1) === path) return candidate
  return named
}

/** The digest inside a reference; undefined where it has none. */
export function digestIn(reference: string): string | undefined {
  return /@(sha256:[0-9a-f]{64})$/.exec(reference)?.[1]
}
