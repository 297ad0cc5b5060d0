import {cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import type {ExecutionContext} from 'ava'
import type {CommandInput, CommandResult} from '../../../generator/commands/command.ts'
import {render} from '../../../generator/commands/render.ts'
import {command} from '../../../generator/commands/verify.ts'
import {toolsFolder} from '../../../generator/verify/tools.ts'
import {upstreamFolder} from '../../../generator/verify/upstream.ts'
import {root} from '../../support/paths.ts'
import {temporaryFolder} from '../../support/temporary.ts'

/** A change of one file of a repository: a text in place of another, or all of it. */
export interface Edit {
  file: string
  find?: string
  replace?: string
  content?: string
}

const environmentFile = 'environments/site/environment.yaml'

/** The repository of site.yaml, rendered, with edits: those of the environment before rendering, others after it. */
export function repositoryWith(t: ExecutionContext, edits: readonly Edit[] = []): string {
  const folder = temporaryFolder(t)
  mkdirSync(dirname(join(folder, environmentFile)), {recursive: true})
  cpSync(join(root, 'test/gates/site.yaml'), join(folder, environmentFile))
  cpSync(join(root, 'images.lock.yaml'), join(folder, 'images.lock.yaml'))
  // Programs and data of published charts are those of this repository.
  mkdirSync(join(folder, '.cache'))
  symlinkSync(upstreamFolder(root), join(folder, '.cache/upstream'))
  symlinkSync(join(root, toolsFolder), join(folder, toolsFolder))
  for (const edit of edits.filter(({file}) => file === environmentFile)) apply(folder, edit)
  const {written, issues} = render(folder, () => {})
  if (!written) throw new Error(issues.map(({message}) => message).join('\n'))
  for (const edit of edits.filter(({file}) => file !== environmentFile)) apply(folder, edit)
  return folder
}

function apply(folder: string, {file, find, replace = '', content}: Edit): void {
  const path = join(folder, file)
  if (content !== undefined) {
    writeFileSync(path, content)
    return
  }
  const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
  if (find === undefined || !text.includes(find)) throw new Error(`${file} has no ${find}`)
  writeFileSync(
    path,
    text.replace(find, () => replace),
  )
}

/** What `npm run verify` finds in a repository. */
export async function verifyIn(folder: string, options: CommandInput['options'] = {}): Promise<CommandResult> {
  return command.run({root: folder, argument: '', options, progress: () => {}})
}
