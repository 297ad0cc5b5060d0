import type {ImageParts} from '../component.ts'

/** For charts that join repository and tag with a colon; a digest rides on the tag. */
export function repositoryAndTag(image: ImageParts): {repository: string; tag: string} {
  return {repository: `${image.registry}/${image.repository}`, tag: tagWithDigest(image)}
}

/** For charts that join registry, repository and tag; a digest rides on the tag. */
export function registryRepositoryAndTag(image: ImageParts): {registry: string; repository: string; tag: string} {
  return {registry: image.registry, repository: image.repository, tag: tagWithDigest(image)}
}

function tagWithDigest({tag, digest}: ImageParts): string {
  return digest ? `${tag}@${digest}` : tag
}
