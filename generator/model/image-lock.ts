import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {parse} from 'yaml'
import {z} from 'zod'
import {IssueError} from '../issue/issue.ts'

/** What is known of an image without asking its registry. */
const lockedImage = z.strictObject({
  /** Of the index, or of the one manifest. Absent: nobody has asked the registry yet. */
  digest: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/)
    .optional(),
  /** As OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT. */
  platforms: z.array(z.string().regex(/^[a-z0-9]+\/[a-z0-9]+(\/v[0-9]+)?$/)).min(1),
})
export type LockedImage = z.output<typeof lockedImage>
export type ImageLock = ReadonlyMap<string, LockedImage>

export const lockFile = 'images.lock.yaml'
const refresh = 'npm run images -- --refresh writes it on a machine that reaches the registries'

/** The lock of a repository, by reference; empty where there is none. An IssueError where it cannot be read. */
export function readImageLock(root: string): ImageLock {
  const path = join(root, lockFile)
  if (!existsSync(path)) return new Map()
  try {
    const {images} = z
      .strictObject({images: z.record(z.string(), lockedImage)})
      .parse(parse(readFileSync(path, 'utf8')))
    return new Map(Object.entries(images))
  } catch (error) {
    const [first] = error instanceof z.ZodError ? error.issues : []
    const reason = first ? `${first.path.join('.')}: ${first.message}` : (error as Error).message.split('\n')[0]
    throw new IssueError({
      severity: 'error',
      code: 'image-lock',
      file: lockFile,
      message: `Cannot read the lock of images: ${reason}`,
      fix: `git checkout -- ${lockFile}, or remove it: ${refresh}`,
    })
  }
}

/**
 * Whether an image runs on nodes of an architecture, by its label kubernetes.io/arch. A 32-bit system runs what is
 * built for its variant of Arm and older ones; all boards here are v7 or later.
 */
export function runsOn({platforms}: LockedImage, architecture: string): boolean {
  return platforms.some((platform) => {
    const [os, arch, variant = ''] = platform.split('/')
    if (os !== 'linux' || arch !== architecture) return false
    return arch !== 'arm' || ['', 'v5', 'v6', 'v7'].includes(variant)
  })
}
