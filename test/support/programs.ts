import {type Output, run} from '../../generator/verify/run.ts'
import {requireTool, tools} from '../../generator/verify/tools.ts'
import {root} from './paths.ts'

/** Runs the real helm. */
export async function helm(...args: string[]): Promise<Output> {
  return run(await requireTool(root, tools.helm), args)
}

/** Runs the real kubeconform on standard input. */
export async function kubeconform(input: string, ...args: string[]): Promise<Output> {
  return run(await requireTool(root, tools.kubeconform), args, {input})
}

/** Runs the command line of the generator. */
export async function cli(...args: string[]): Promise<Output> {
  return run(process.execPath, [`${root}/generator/cli.ts`, ...args])
}
