import {mkdirSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {downloadModule, go} from './go-module.ts'
import {builtTool, type Tool, toolsFolder} from './tools.ts'

/**
 * Builds a program with Go in a module of its own, because programs need different versions of the same libraries.
 * Gives back its path. Its module's own `replace` lines are copied, since Go heeds only those of the main module
 * (https://go.dev/ref/mod#go-mod-file-replace).
 */
export async function buildTool(root: string, tool: Tool): Promise<string> {
  const folder = join(root, toolsFolder, `build-${tool.name}`)
  const failure = `Cannot build ${tool.name} ${tool.version}`
  rmSync(folder, {recursive: true, force: true})
  mkdirSync(folder, {recursive: true})
  writeFileSync(join(folder, 'go.mod'), `module tools\n\ngo 1.25\n${(await replacements(tool)).join('')}`)
  await go(['get', '-tool', `${tool.package}@${tool.version}`], {failure, cwd: folder})
  const flags = ['-trimpath', '-ldflags', linkerFlags(tool), '-o', 'program']
  await go(['build', ...flags, tool.package], {failure, cwd: folder})
  renameSync(join(folder, 'program'), builtTool(root, tool))
  rmSync(folder, {recursive: true, force: true})
  return builtTool(root, tool)
}

function linkerFlags({versionVariable, version}: Tool): string {
  return ['-s', '-w', ...(versionVariable ? [`-X ${versionVariable}=${version}`] : [])].join(' ')
}

interface Replacement {
  Old: {Path: string; Version?: string}
  New: {Path: string; Version?: string}
}

async function replacements({module, version, replace = {}}: Tool): Promise<string[]> {
  const {GoMod} = await downloadModule(module, version)
  const stdout = await go(['mod', 'edit', '-json', GoMod], {failure: `Cannot read the go.mod of ${module}`})
  const {Replace} = JSON.parse(stdout) as {Replace: Replacement[] | null}
  const own = (Replace ?? []).filter(({Old}) => !(Old.Path in replace))
  return [
    ...own.flatMap(({Old, New}) => replaceLine([Old.Path, Old.Version], [New.Path, New.Version], version)),
    ...Object.entries(replace).map(([path, other]) => `replace ${path} => ${path} ${other}\n`),
  ]
}

/**
 * Kubernetes replaces its libraries by folders, which are published as v0.X.Y with Kubernetes v1.X.Y. Other modules
 * that do so name the published version beside it.
 */
function replaceLine(from: [string, string?], to: [string, string?], version: string): string[] {
  const line = (target: string) => [`replace ${from.filter(Boolean).join(' ')} => ${target}\n`]
  if (to[1]) return line(to.join(' '))
  return from[0].startsWith('k8s.io/') ? line(`${from[0]} ${version.replace(/^v1\./, 'v0.')}`) : []
}
