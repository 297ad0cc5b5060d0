import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import pMap from 'p-map'
import {layerDefinitions} from '../components/index.ts'
import {type ListedImage, listImages} from '../gates/facts/list-images.ts'
import {hasErrors, type Issue} from '../issue/issue.ts'
import {type ImageLock, type LockedImage, lockFile, readImageLock} from '../model/image-lock.ts'
import {renderRepository} from '../pipeline.ts'
import {TreeFiles} from '../tree/files.ts'
import {readCluster} from '../tree/read-cluster.ts'
import {askRegistry} from '../verify/registry.ts'
import {neededTool, tools} from '../verify/tools.ts'
import {printYaml} from '../yaml/print.ts'
import type {Command, CommandInput, CommandResult} from './command.ts'

export const command: Command = {
  help: `Usage: npm run images [-- OPTIONS]

Lists every image of the environments, with what images.lock.yaml knows of it: also those of init containers, of
operators and of published charts. A line has the image, where the clusters pull it from, and its platforms.
The images of k3s, Flux and Argo CD are not among them: whoever bootstraps a cluster brings those.

Options:
  --environment NAME  only this environment
  --json              as JSON
  --refresh           asks the registries, and writes digests and platforms into images.lock.yaml
  --root FOLDER       the repository; default: this one
  --help              this text`,
  options: {environment: {type: 'string'}, json: {type: 'boolean'}, refresh: {type: 'boolean'}},
  run: async (input) => {
    const {root, options, progress} = input
    progress('Rendering')
    const {files, plans, issues} = renderRepository(root, layerDefinitions)
    if (hasErrors(issues)) return {issues}
    const lock = readImageLock(root)
    const tree = new TreeFiles(root, files)
    const images: ListedImage[] = []
    for (const {read, sites} of plans) {
      const {name} = read.environment
      if (options.environment !== undefined && options.environment !== name) continue
      const listed = new Map<string, ListedImage>()
      for (const site of sites) {
        const cluster = await readCluster(tree, site, layerDefinitions)
        for (const image of listImages(name, cluster, lock)) listed.set(image.target, image)
      }
      images.push(...[...listed.values()].sort((a, b) => (a.source < b.source ? -1 : 1)))
    }
    if (options.refresh) return refresh(input, images, lock)
    return {issues: [], text: options.json ? JSON.stringify(images, null, 2) : listed(images)}
  },
}

/** A line for each: what to copy, where to, which is the same without a mirror, and for which platforms. */
function listed(images: readonly ListedImage[]): string {
  const lines = images.map(({source, target, digest, platforms}) => {
    const from = digest ? `${source}@${digest}` : source
    return [from, target, platforms.join(',') || 'unknown-platforms'].join('  ')
  })
  return [...new Set(lines)].join('\n')
}

/** What a registry does not say stays as it was; nothing is written where none answers. */
async function refresh(
  {root, progress}: CommandInput,
  images: readonly ListedImage[],
  lock: ImageLock,
): Promise<CommandResult> {
  const crane = await neededTool(root, tools.crane)
  const sources = [...new Set(images.map(({source}) => source))]
  const entries = new Map(lock)
  const issues: Issue[] = []
  const moved: string[] = []
  await pMap(
    sources,
    async (source) => {
      progress(`Asking for ${source}`)
      const answer = await askRegistry(crane, source)
      if (typeof answer === 'string') issues.push(silent(source, answer))
      else {
        if (isMoved(lock.get(source), answer.digest)) moved.push(source)
        entries.set(source, {digest: answer.digest, platforms: [...answer.platforms]})
      }
    },
    {concurrency: 4},
  )
  const asked = sources.length - issues.length
  if (asked > 0) writeFileSync(join(root, lockFile), printLock(entries))
  const tags = moved.sort().map((source) => `Another image than before has this tag: ${source}`)
  return {
    issues,
    text: [...tags, `The registries know ${asked} of ${sources.length} images. Next: npm run render pins them`].join(
      '\n',
    ),
    outcome: asked > 0 ? '' : '; no file was changed',
  }
}

function isMoved(before: LockedImage | undefined, digest: string): boolean {
  return before?.digest !== undefined && before.digest !== digest
}

function silent(source: string, reason: string): Issue {
  const message = `Cannot learn about ${source}: ${reason}`
  return {
    severity: 'error',
    code: 'registry',
    file: lockFile,
    message,
    fix: 'see that the reference is right, that this machine reaches the registry, and that docker is logged in to it',
  }
}

function printLock(lock: ImageLock): string {
  const entries = [...lock].sort(([a], [b]) => (a < b ? -1 : 1))
  const banner =
    '# What registries say of images, by npm run images -- --refresh. Nodes run what their platform is listed for.\n'
  return banner + printYaml({images: Object.fromEntries(entries)})
}
