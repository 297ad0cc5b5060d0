import type {ClusterNode} from '../component.ts'
import {type ImageLock, type LockedImage, lockFile, runsOn} from '../model/image-lock.ts'
import type {Pods} from '../tree/pods.ts'
import type {RenderedCluster} from '../tree/tree.ts'
import {digestIn, imagesIn, lockedReference, type UsedImage} from './facts/images.ts'
import {nodesFor} from './facts/placement.ts'
import {about, type Finding, type Gate} from './gate.ts'

const refresh = 'run npm run images -- --refresh on a machine that reaches the registries, and commit images.lock.yaml'

export default {
  name: 'architecture',
  rule: 'Every image exists for the architecture of every node that its pods may be scheduled on, by images.lock.yaml',
  reason:
    'A pod whose image lacks the architecture fails with "exec format error" or ErrImagePull on that node only, mostly on the one 32-bit board of a fleet.',
  source:
    'kubernetes.io/docs/concepts/containers/images, "Multi-architecture images"; elastic/cloud-on-k8s has no image for 32-bit Arm',
  start: () => {
    const unpinned = new Set<string>()
    return {
      cluster: (cluster, around) => {
        const used = lookedUp(cluster, around.images)
        const references = unpinnedIn(used)
        const isError = around.read.environment.verify.unpinnedImages === 'error'
        if (!isError) for (const reference of references) unpinned.add(reference)
        return [
          ...used.flatMap((image) => check(image, cluster)),
          ...(isError ? unpinnedFindings(references, cluster) : []),
        ]
      },
      end: async () =>
        unpinned.size === 0
          ? []
          : [{severity: 'warning', file: lockFile, message: unpinnedMessage([...unpinned]), fix: refresh}],
    }
  },
} satisfies Gate

/** An image that a cluster runs, with what the lock knows of it. */
interface LookedUp extends UsedImage {
  /** The name that the lock has it by, or would. */
  name: string
  locked: LockedImage | undefined
}

function lookedUp(cluster: RenderedCluster, lock: ImageLock): LookedUp[] {
  const {mirror} = cluster.site.environment.images
  return imagesIn(cluster).map((used) => {
    const name = lockedReference(used.reference, mirror, lock.keys())
    return {...used, name, locked: lock.get(name)}
  })
}

function check({reference, by, locked}: LookedUp, cluster: RenderedCluster): Finding[] {
  const [first] = by
  if (!first) return []
  if (!locked) {
    const message = `${first.by} runs ${reference || 'no image'}, which ${lockFile} does not know`
    return [about(first, cluster, message, `${refresh}; or write it there yourself, with its platforms`)]
  }
  const digest = digestIn(reference)
  if (digest && locked.digest && digest !== locked.digest) {
    const message = `${first.by} runs ${reference}, and ${lockFile} knows it as ${locked.digest}`
    return [about(first, cluster, message, 'run npm run render, which pins what the lock says')]
  }
  return by.flatMap((pods) => wrongNodes(cluster, pods, reference, (arch) => runsOn(locked, arch), locked.platforms))
}

function wrongNodes(
  cluster: RenderedCluster,
  pods: Pods,
  reference: string,
  fits: (architecture: string) => boolean,
  platforms: readonly string[],
): Finding[] {
  const nodes = nodesFor(cluster, pods)
  const wrong = nodes.filter(({arch}) => !fits(arch))
  if (wrong.length === 0) return []
  const message = `${pods.by} may be scheduled on ${namesOf(wrong)}, and ${reference} exists for ${platforms.join(', ')} only`
  const fix = 'name an image for it in images.overrides, or take nodes of another architecture'
  return [about(pods, cluster, message, fix)]
}

function namesOf(nodes: readonly ClusterNode[]): string {
  return nodes.map(({name, arch}) => `${name} (${arch})`).join(', ')
}

/** Names of the images whose digest nobody noted, as the lock knows them. */
function unpinnedIn(used: readonly LookedUp[]): string[] {
  return used.flatMap(({reference, name, locked}) => (locked && !locked.digest && !digestIn(reference) ? [name] : []))
}

function unpinnedFindings(references: readonly string[], cluster: RenderedCluster): Finding[] {
  return references.length === 0 ? [] : [about({file: lockFile}, cluster, unpinnedMessage(references), refresh)]
}

function unpinnedMessage(references: readonly string[]): string {
  const [first = '', ...rest] = [...references].sort()
  return `Nobody noted the digest of ${first}${rest.length > 0 ? ` and of ${rest.length} more` : ''}: whether a tag was moved could not be seen`
}
