import {type Output, run} from '../../generator/verify/run.ts'
import {requireTool, tools} from '../../generator/verify/tools.ts'
import {root} from './paths.ts'

/** Runs the real helm. */
export async function helm(...args: string[]): Promise<Output> {
  return run(await requireTool(root, tools.helm), args)
}

/** Runs the command line of the generator. */
export async function cli(...args: string[]): Promise<Output> {
  return cliWith({}, ...args)
}

/** The same, with variables in its environment. */
export async function cliWith(env: Record<string, string>, ...args: string[]): Promise<Output> {
  return run(process.execPath, [`${root}/generator/cli.ts`, ...args], {env})
}

/** Runs git in a folder, as an operator without settings of their own; an error where it fails. */
export async function git(folder: string, ...args: string[]): Promise<string> {
  const {stdout, stderr, exitCode} = await run('git', [...identity, ...args], {cwd: folder})
  if (exitCode !== 0) throw new Error(`git ${args.join(' ')}: ${stderr || stdout}`)
  return stdout
}

const identity = ['-c', 'user.name=Operator', '-c', 'user.email=operator@example.com', '-c', 'commit.gpgsign=false']
