import type {Component, ImageParts} from '../component.ts'
import type {Environment} from '../environment/schema.ts'

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

/** The reference of a component's image in an environment: overridden, then moved to the mirror. */
export function imageReference(component: Component, name: string, {images}: Environment): string {
  const reference = images.overrides[`${component.name}.${name}`] ?? component.images[name]?.reference ?? ''
  return images.mirror ? mirrored(reference, images.mirror) : reference
}

/** All images of a component in an environment. */
export function imagesOf(component: Component, environment: Environment): Record<string, string> {
  const names = Object.keys(component.images)
  return Object.fromEntries(names.map((name) => [name, imageReference(component, name, environment)]))
}

function mirrored(reference: string, mirror: string): string {
  if (reference.startsWith(`${mirror}/`)) return reference
  return `${mirror}/${reference.slice(reference.indexOf('/') + 1)}`
}
