import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {IssueError} from '../issue/issue.ts'
import {run} from './run.ts'

/** A program of a Go module. */
export interface Tool {
  name: string
  module: string
  package: string
  version: string
  /** The variable that the linker fills with the version, for programs that refuse or mislead without one. */
  versionVariable?: string
  /** Versions of modules to build with in place of those that it names. */
  replace?: Readonly<Record<string, string>>
  /** How a program on PATH says its version; one without is never taken from PATH. */
  versionArgs?: readonly string[]
  /** The oldest version that is taken from PATH; default: the pinned one alone. */
  atLeast?: string
}

/** Real programs that check what was rendered, built from pinned Go modules. */
export const tools = {
  helm: {
    name: 'helm',
    module: 'helm.sh/helm/v4',
    package: 'helm.sh/helm/v4/cmd/helm',
    version: 'v4.3.1',
    versionVariable: 'helm.sh/helm/v4/internal/version.version',
    versionArgs: ['version', '--template', '{{.Version}}'],
  },
  kubeconform: {
    name: 'kubeconform',
    module: 'github.com/yannh/kubeconform',
    package: 'github.com/yannh/kubeconform/cmd/kubeconform',
    version: 'v0.8.0',
    versionVariable: 'main.version',
    versionArgs: ['-v'],
  },
  crane: {
    name: 'crane',
    module: 'github.com/google/go-containerregistry',
    package: 'github.com/google/go-containerregistry/cmd/crane',
    version: 'v0.22.1',
    versionVariable: 'github.com/google/go-containerregistry/cmd/crane/cmd.Version',
    versionArgs: ['version'],
  },
  sops: {
    name: 'sops',
    module: 'github.com/getsops/sops/v3',
    package: 'github.com/getsops/sops/v3/cmd/sops',
    version: 'v3.13.3',
    versionArgs: ['--version', '--disable-version-check'],
    // Reads standard input (github.com/getsops/sops/releases/tag/v3.10.0).
    atLeast: '3.10.0',
  },
} as const satisfies Record<string, Tool>

/** Folder of built programs, which Git ignores and which survives between runs. */
export const toolsFolder = '.tools'

/** Where a program lies that was built. */
export function builtTool(root: string, {name, version}: Tool): string {
  return join(root, toolsFolder, `${name}-${version}`)
}

/** The path of a program at the pinned version: on PATH, or built before. Undefined where it has to be built. */
export async function findTool(root: string, tool: Tool): Promise<string | undefined> {
  const built = builtTool(root, tool)
  if (existsSync(built)) return built
  return (await hasVersion(tool)) ? tool.name : undefined
}

/** The path of a program; an error with the command that builds it where it is missing. */
export async function requireTool(root: string, tool: Tool): Promise<string> {
  const found = await findTool(root, tool)
  if (found) return found
  throw new Error(`Cannot find ${tool.name} ${tool.version}: run npm run tools, which builds it`)
}

/** The same for a command that a person has run: an IssueError says how to get the program. */
export async function neededTool(root: string, tool: Tool): Promise<string> {
  const found = await findTool(root, tool)
  if (found) return found
  const message = `Cannot go on without ${tool.name} ${tool.version}: it is not on PATH, and was not built`
  throw new IssueError({
    severity: 'error',
    code: 'tool',
    file: toolsFolder,
    message,
    fix: 'run npm run tools, which builds it',
  })
}

async function hasVersion({name, version, versionArgs, atLeast}: Tool): Promise<boolean> {
  if (!versionArgs) return false
  try {
    const {stdout} = await run(name, versionArgs)
    return atLeast ? isAtLeast(stdout, atLeast) : stdout.trim() === version
  } catch {
    return false
  }
}

function isAtLeast(printed: string, oldest: string): boolean {
  const [found, wanted] = [printed, oldest].map((text) => /\d+\.\d+\.\d+/.exec(text)?.[0].split('.').map(Number))
  if (!found || !wanted) return false
  const differing = wanted.findIndex((number, index) => number !== found[index])
  return differing < 0 || (found[differing] ?? 0) > (wanted[differing] ?? 0)
}
