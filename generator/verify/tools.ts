import {existsSync, mkdirSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {run} from './run.ts'

export interface Tool {
  name: string
  module: string
  package: string
  version: string
  /** How a program on PATH says its version. */
  versionArgs: readonly string[]
}

/** Real programs that check what was rendered, built from pinned Go modules. */
export const tools = {
  helm: {
    name: 'helm',
    module: 'helm.sh/helm/v4',
    package: 'helm.sh/helm/v4/cmd/helm',
    version: 'v4.3.1',
    versionArgs: ['version', '--template', '{{.Version}}'],
  },
  kubeconform: {
    name: 'kubeconform',
    module: 'github.com/yannh/kubeconform',
    package: 'github.com/yannh/kubeconform/cmd/kubeconform',
    version: 'v0.8.0',
    versionArgs: ['-v'],
  },
} as const satisfies Record<string, Tool>

/** Folder of built programs, which Git ignores and which survives between runs. */
export const toolsFolder = '.tools'

/** The path of a program at the pinned version: on PATH, or built before. Undefined where it has to be built. */
export async function findTool(root: string, tool: Tool): Promise<string | undefined> {
  const built = join(root, toolsFolder, `${tool.name}-${tool.version}`)
  if (existsSync(built)) return built
  return (await hasVersion(tool)) ? tool.name : undefined
}

/** The path of a program; an error with the command that builds it where it is missing. */
export async function requireTool(root: string, tool: Tool): Promise<string> {
  const found = await findTool(root, tool)
  if (found) return found
  throw new Error(`Cannot find ${tool.name} ${tool.version}: run npm run tools, which builds it`)
}

async function hasVersion(tool: Tool): Promise<boolean> {
  try {
    const {stdout} = await run(tool.name, tool.versionArgs)
    return stdout.trim() === tool.version
  } catch {
    return false
  }
}

/** Builds a program with Go in a module of its own, because tools need different versions of the same libraries. */
export async function buildTool(root: string, tool: Tool): Promise<string> {
  const folder = join(root, toolsFolder, `build-${tool.name}`)
  rmSync(folder, {recursive: true, force: true})
  mkdirSync(folder, {recursive: true})
  writeFileSync(join(folder, 'go.mod'), `module tools\n\ngo 1.25\n`)
  await go(tool, folder, ['get', '-tool', `${tool.package}@${tool.version}`])
  const linkerFlags = tool.name === 'helm' ? helmVersionFlag(tool) : `-X main.version=${tool.version}`
  await go(tool, folder, ['build', '-trimpath', '-ldflags', linkerFlags, '-o', 'program', tool.package])
  const target = join(root, toolsFolder, `${tool.name}-${tool.version}`)
  renameSync(join(folder, 'program'), target)
  rmSync(folder, {recursive: true, force: true})
  return target
}

function helmVersionFlag({module, version}: Tool): string {
  return `-X ${module}/internal/version.version=${version}`
}

async function go(tool: Tool, cwd: string, args: readonly string[]): Promise<void> {
  const {exitCode, stderr} = await startGo(args, cwd)
  if (exitCode === 0) return
  throw new Error(`Cannot build ${tool.name} ${tool.version} with go ${args[0]}:\n${stderr.trim()}`)
}

async function startGo(args: readonly string[], cwd: string) {
  try {
    return await run('go', args, {cwd, env: {GOFLAGS: '-mod=mod', GOTOOLCHAIN: 'auto'}})
  } catch {
    throw new Error('Cannot build tools: Go is not installed. Install Go 1.25 or later from https://go.dev/dl')
  }
}
