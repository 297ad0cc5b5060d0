import type {ImageLock} from '../../model/image-lock.ts'
import type {RenderedCluster} from '../../tree/tree.ts'
import {digestIn, imagesIn, lockedReference} from './images.ts'

/** An image of an environment: where it comes from, where the clusters look for it, and what is known of it. */
export interface ListedImage {
  environment: string
  /** Where it is published. */
  source: string
  /** What the clusters pull; the same without a mirror. */
  target: string
  digest: string | undefined
  platforms: readonly string[]
}

/** All images of a cluster, by their sources. */
export function listImages(environment: string, cluster: RenderedCluster, lock: ImageLock): ListedImage[] {
  const {mirror} = cluster.site.environment.images
  return imagesIn(cluster)
    .map(({reference: target}) => {
      const source = lockedReference(target, mirror, lock.keys())
      const locked = lock.get(source)
      const digest = digestIn(target) ?? locked?.digest
      return {environment, source, target, digest, platforms: locked?.platforms ?? []}
    })
    .sort((a, b) => (a.source < b.source ? -1 : 1))
}
