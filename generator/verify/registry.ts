import type {Output} from './run.ts'
import {run} from './run.ts'

/** What a registry says of an image. */
export interface RegistryImage {
  digest: string
  platforms: readonly string[]
}

interface Platform {
  os?: string
  architecture?: string
  variant?: string
}

/**
 * Asks a registry with crane (github.com/google/go-containerregistry), which knows the logins of docker. A sentence says
 * why it does not answer. Attestations beside the images of an index have platform unknown/unknown and are left out.
 */
export async function askRegistry(crane: string, reference: string): Promise<RegistryImage | string> {
  const digest = await run(crane, ['digest', reference])
  if (digest.exitCode !== 0) return reasonOf(digest)
  const manifest = await run(crane, ['manifest', reference])
  if (manifest.exitCode !== 0) return reasonOf(manifest)
  const {manifests} = JSON.parse(manifest.stdout) as {manifests?: {platform?: Platform}[]}
  const found = manifests ? manifests.map(({platform}) => platform) : [await ownPlatform(crane, reference)]
  const platforms = [...new Set(found.flatMap((platform) => nameOf(platform) ?? []))].sort()
  if (platforms.length === 0) return 'it names no platform'
  return {digest: digest.stdout.trim(), platforms}
}

/** An image that is no index says in its configuration what it is for. */
async function ownPlatform(crane: string, reference: string): Promise<Platform | undefined> {
  const {stdout, exitCode} = await run(crane, ['config', reference])
  return exitCode === 0 ? (JSON.parse(stdout) as Platform) : undefined
}

function nameOf({os = 'linux', architecture, variant}: Platform = {}): string | undefined {
  if (!architecture || architecture === 'unknown') return undefined
  // 64-bit Arm has one variant only, which some name and some do not.
  const shown = variant && !(architecture === 'arm64' && variant === 'v8') ? `/${variant}` : ''
  return `${os}/${architecture}${shown}`
}

/** The last line that crane says, without its time and without the address of a proxy. */
function reasonOf({stderr}: Output): string {
  const line = stderr.trim().split('\n').at(-1) ?? ''
  return line.replace(/^Error: |^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d /, '').slice(0, 300) || 'it does not answer'
}
