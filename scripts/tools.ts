import {resolve} from 'node:path'
import {buildTool} from '../generator/verify/build-tool.ts'
import {clusterPrograms} from '../generator/verify/cluster-programs.ts'
import {buildSchemas} from '../generator/verify/schemas.ts'
import {findTool, type Tool, tools} from '../generator/verify/tools.ts'

// Finds or builds what the tests need beyond Node; with --clusters also the programs of whole clusters.
// Seconds when it is there; minutes the first time.

const root = resolve(import.meta.dirname, '..')

async function main(withClusters: boolean): Promise<void> {
  const wanted: Tool[] = [...Object.values(tools), ...(withClusters ? Object.values(clusterPrograms) : [])]
  const found = await Promise.all(wanted.map((tool) => findTool(root, tool)))
  const missing = wanted.filter((_, index) => !found[index])
  for (const [index, tool] of missing.entries()) {
    const position = `${index + 1} of ${missing.length}`
    process.stderr.write(`Building ${tool.name} ${tool.version} with Go (${position}), once; this takes some minutes\n`)
    process.stderr.write(`Built ${await buildTool(root, tool)}\n`)
  }
  await buildSchemas(root)
}

try {
  await main(process.argv.includes('--clusters'))
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = 1
}
