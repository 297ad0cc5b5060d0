import {resolve} from 'node:path'
import {buildSchemas} from '../generator/verify/schemas.ts'
import {buildTool, findTool, tools} from '../generator/verify/tools.ts'

// Finds or builds what the tests need beyond Node. Seconds when it is there, a few minutes the first time.

const root = resolve(import.meta.dirname, '..')

async function main(): Promise<void> {
  for (const tool of Object.values(tools)) {
    const found = await findTool(root, tool)
    if (found) continue
    process.stderr.write(`Building ${tool.name} ${tool.version} with Go, once; this takes a minute or two\n`)
    const built = await buildTool(root, tool)
    process.stderr.write(`Built ${built}\n`)
  }
  await buildSchemas(root)
}

try {
  await main()
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = 1
}
