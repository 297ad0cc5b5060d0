import {existsSync, mkdirSync, renameSync, rmSync} from 'node:fs'
import {homedir} from 'node:os'
import {join} from 'node:path'
import {run} from './run.ts'
import {toolsFolder} from './tools.ts'

/** The newest that is published as a package with security in it; 9 is not. */
const version = '8.19.21'
const artifact = {group: 'org.elasticsearch.distribution.integ-test-zip', name: 'elasticsearch'}

/** Where Elasticsearch lies that was fetched. */
export function elasticsearchFolder(root: string): string {
  return join(root, toolsFolder, `elasticsearch-${version}`)
}

/** Fetches Elasticsearch with Maven, unless it is there; an error in words where Maven is missing or cannot. */
export async function fetchElasticsearch(root: string): Promise<void> {
  const folder = elasticsearchFolder(root)
  if (existsSync(folder)) return
  const coordinates = `${artifact.group}:${artifact.name}:${version}:zip`
  const plugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1'
  const unpacked = join(root, toolsFolder, 'build-elasticsearch')
  rmSync(unpacked, {recursive: true, force: true})
  mkdirSync(unpacked, {recursive: true})
  await maven([`${plugin}:get`, '-Dtransitive=false', `-Dartifact=${coordinates}`])
  const zip = join(homedir(), '.m2/repository', ...artifact.group.split('.'), artifact.name, version)
  await jar(['--extract', '--file', join(zip, `${artifact.name}-${version}.zip`)], unpacked)
  await run('chmod', ['-R', 'a+rX', unpacked])
  await run('sh', ['-c', `chmod a+x ${join(unpacked, `elasticsearch-${version}`)}/bin/*`])
  renameSync(join(unpacked, `elasticsearch-${version}`), folder)
  rmSync(unpacked, {recursive: true, force: true})
}

async function maven(args: readonly string[]): Promise<void> {
  const output = await run('mvn', ['--quiet', '--batch-mode', ...args]).catch(() => undefined)
  if (!output) throw new Error('Cannot fetch Elasticsearch: Maven is not installed. Install Maven and Java 17 or later')
  if (output.exitCode !== 0) throw new Error(`Cannot fetch Elasticsearch with Maven:\n${output.stdout}${output.stderr}`)
}

/** Every Java that can run Elasticsearch has it, and it reads zip files. */
async function jar(args: readonly string[], cwd: string): Promise<void> {
  const output = await run('jar', args, {cwd}).catch(() => undefined)
  if (output?.exitCode !== 0)
    throw new Error(`Cannot unpack Elasticsearch with jar: ${output?.stderr ?? 'it is missing'}`)
}
