import {existsSync} from 'node:fs'
import {resolve} from 'node:path'
import {buildTool} from '../generator/verify/build-tool.ts'
import {clusterPrograms} from '../generator/verify/cluster-programs.ts'
import {buildCollector, collectorProgram} from '../generator/verify/collector.ts'
import {elasticsearchFolder, fetchElasticsearch} from '../generator/verify/elasticsearch.ts'
import {buildSchemas} from '../generator/verify/schemas.ts'
import {findTool, type Tool, tools} from '../generator/verify/tools.ts'

// Finds or builds what the tests need beyond Node; with --clusters also the programs of whole clusters, with
// --identities also those that ask for credentials.
// Seconds when it is there; minutes the first time.

const root = resolve(import.meta.dirname, '..')

async function main(withClusters: boolean, withIdentities: boolean): Promise<void> {
  const wanted: Tool[] = [...Object.values(tools), ...(withClusters ? Object.values(clusterPrograms) : [])]
  const found = await Promise.all(wanted.map((tool) => findTool(root, tool)))
  const missing = wanted.filter((_, index) => !found[index])
  for (const [index, tool] of missing.entries()) {
    const position = `${index + 1} of ${missing.length}`
    process.stderr.write(`Building ${tool.name} ${tool.version} with Go (${position}), once; this takes some minutes\n`)
    process.stderr.write(`Built ${await buildTool(root, tool)}\n`)
  }
  await buildSchemas(root)
  if (!withIdentities) return
  for (const [what, isThere, get] of identityPrograms) {
    if (isThere()) continue
    process.stderr.write(`Getting ${what}, once; this takes some minutes\n`)
    await get(root)
  }
}

/** Programs that are no single package of Go. */
const identityPrograms = [
  ['the OpenTelemetry collector, with Go', () => existsSync(collectorProgram(root)), buildCollector],
  ['Elasticsearch, with Maven', () => existsSync(elasticsearchFolder(root)), fetchElasticsearch],
] as const

try {
  await main(process.argv.includes('--clusters'), process.argv.includes('--identities'))
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = 1
}
