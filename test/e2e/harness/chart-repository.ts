import {existsSync, readFileSync} from 'node:fs'
import {createServer} from 'node:http'
import {basename, join} from 'node:path'
import {run} from '../../../generator/verify/run.ts'
import {requireTool, tools} from '../../../generator/verify/tools.ts'
import {root} from '../../support/paths.ts'
import {listen} from './listen.ts'

export interface ChartRepository {
  url: string
  stop: () => Promise<void>
}

/** Serves the chart packages of a folder over HTTP, with the index that the real helm makes of them. */
export async function startChartRepository(folder: string): Promise<ChartRepository> {
  const server = createServer(({url = '/'}, response) => {
    const file = join(folder, basename(url))
    if (existsSync(file)) response.end(readFileSync(file))
    else response.writeHead(404).end()
  })
  const url = `http://127.0.0.1:${await listen(server)}`
  const {exitCode, stderr} = await run(await requireTool(root, tools.helm), ['repo', 'index', folder, '--url', url])
  if (exitCode !== 0) throw new Error(stderr)
  return {
    url,
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
