import pMap from 'p-map'
import {type Bundle, idOf, isSame, printBundle} from './bundle.ts'
import type {ClusterFiles} from './cluster-files.ts'
import {wrongRecipients} from './seen.ts'
import type {Sops} from './sops.ts'
import type {StoredFile} from './store.ts'

/** How many files are decrypted or encrypted at once. */
export const concurrency = 4

/** The Secrets of a cluster as they are and as they should be. */
export interface Change {
  files: ClusterFiles
  present: Bundle
  wanted: Bundle
}

/** Whether the file has to be written: for other Secrets, other readers, or because there is none that is whole. */
export function isChanged({files, present, wanted}: Change): boolean {
  if (!files.seen) return true
  const {extra, missing} = wrongRecipients(files.seen, files.recipients)
  return extra.length + missing.length > 0 || textOf(present) !== textOf(wanted)
}

/** Names of the Secrets whose values are others than before. */
export function changedSecrets({present, wanted}: Change): string[] {
  const changed = [...wanted].filter(([id, secret]) => !isSame(present.get(id), secret))
  return changed.map(([, {name}]) => name)
}

/** The encrypted files. */
export async function encryptAll(
  changes: readonly Change[],
  sops: Sops,
  progress: (text: string) => void,
): Promise<StoredFile[]> {
  let done = 0
  return pMap(
    changes,
    async ({files, wanted}) => {
      const content = await sops.encrypt(files.path, printBundle(wanted), files.recipients)
      done += 1
      progress(`Encrypting: ${done} of ${changes.length}`)
      return {path: files.path, content}
    },
    {concurrency},
  )
}

function textOf(bundle: Bundle): string {
  const ordered = [...bundle.values()].map(({annotations, values, ...secret}) => [
    idOf(secret),
    Object.entries(annotations).sort(),
    Object.entries(values).sort(),
  ])
  return JSON.stringify(ordered.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)))
}
