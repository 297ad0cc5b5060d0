import {run} from './run.ts'

/** Where `go mod download` put a module: its files, and its own go.mod. */
export interface DownloadedModule {
  Dir: string
  GoMod: string
}

/** Downloads a module of Go into Go's cache; an error with what Go says where it cannot be had. */
export async function downloadModule(module: string, version: string): Promise<DownloadedModule> {
  const stdout = await go(['mod', 'download', '-json', `${module}@${version}`], {
    failure: `Cannot download ${module}@${version}`,
  })
  return JSON.parse(stdout) as DownloadedModule
}

/** Runs Go; gives back what it prints. An error, begun with `failure`, where Go is missing or fails. */
export async function go(args: readonly string[], options: {failure: string; cwd?: string}): Promise<string> {
  const {failure, cwd} = options
  const output = await startGo(args, cwd)
  if (output.exitCode === 0) return output.stdout
  throw new Error(`${failure} with go ${args.slice(0, 2).join(' ')}:\n${(output.stderr || output.stdout).trim()}`)
}

async function startGo(args: readonly string[], cwd?: string) {
  try {
    return await run('go', args, {...(cwd ? {cwd} : {}), env: {GOFLAGS: '-mod=mod', GOTOOLCHAIN: 'auto'}})
  } catch {
    throw new Error('Cannot run Go: it is not installed. Install Go 1.25 or later from https://go.dev/dl')
  }
}
