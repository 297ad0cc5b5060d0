import type {Component, ImageParts, Site} from '../component.ts'

/** The parts of `REGISTRY/REPOSITORY:TAG@DIGEST`. */
export function parseImage(reference: string): ImageParts {
  const [name = '', digest] = reference.split('@')
  const slash = name.indexOf('/')
  const registry = name.slice(0, slash)
  const path = name.slice(slash + 1)
  const colon = path.indexOf(':')
  const [repository, tag] = colon < 0 ? [path, ''] : [path.slice(0, colon), path.slice(colon + 1)]
  return {reference, registry, repository, tag, digest}
}

/** What decides which image runs: what an environment says, and the digests that the lock knows. */
type Choice = Pick<Site, 'environment' | 'digests'>

/** The reference of a component's image in a cluster: overridden, then pinned by its digest, then moved to the mirror. */
export function imageReference(component: Component, name: string, {environment, digests}: Choice): string {
  const {overrides, mirror} = environment.images
  const reference = overrides[`${component.name}.${name}`] ?? component.images[name]?.reference ?? ''
  const digest = digests.get(reference)
  const pinned = digest ? `${reference}@${digest}` : reference
  return mirror ? mirrored(pinned, mirror) : pinned
}

/** All images of a component in a cluster. */
export function imagesOf(component: Component, choice: Choice): Record<string, string> {
  const names = Object.keys(component.images)
  return Object.fromEntries(names.map((name) => [name, imageReference(component, name, choice)]))
}

function mirrored(reference: string, mirror: string): string {
  if (reference.startsWith(`${mirror}/`)) return reference
  return `${mirror}/${reference.slice(reference.indexOf('/') + 1)}`
}
