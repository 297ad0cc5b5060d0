import {ExecaError, execa} from 'execa'

/** What a real program printed. */
export interface Output {
  stdout: string
  stderr: string
  exitCode: number
}

/** Runs a program to its end; a non-zero exit is an answer, a program that cannot be started is an error. */
export async function run(
  file: string,
  args: readonly string[],
  options: {input?: string; cwd?: string; env?: Record<string, string>} = {},
): Promise<Output> {
  const result = await execa(file, [...args], {...options, reject: false, maxBuffer: 512 * 1024 * 1024})
  if (result.exitCode === undefined) throw new Error(`Cannot run ${file}: ${messageOf(result)}`)
  return {stdout: result.stdout, stderr: result.stderr, exitCode: result.exitCode}
}

function messageOf(result: unknown): string {
  return result instanceof ExecaError ? result.shortMessage : 'it did not start'
}
