import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {closeSync, openSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {eventually} from './eventually.ts'

/** A program that a test started, and that it ends by its id. */
export interface Running {
  name: string
  pid: number
  /** Asks it to end, and waits until it has; after five seconds it is made to. */
  stop: () => Promise<void>
  /** Takes the power away. */
  kill: () => Promise<void>
  /** The most memory that it has held, in MiB; 0 where the system does not say (it does on Linux). */
  peakMebibytes: () => number
}

export interface Program {
  name: string
  file: string
  args: readonly string[]
  env?: Record<string, string>
  cwd?: string
  /** Folder of its log, NAME.log. */
  logs: string
  /** Id of the user and group that it runs as; default: that of the test. */
  user?: number
  /** What to do where the program is missing. */
  remedy?: string
}

/** Starts a program and waits until `ready` says so; an error with the end of its log where it ends before. */
export async function startProgram(
  {name, file, args, env = {}, cwd, logs, user, remedy = 'npm run tools -- --clusters builds it'}: Program,
  ready: () => Promise<boolean>,
): Promise<Running> {
  const log = join(logs, `${name}.log`)
  const output = openSync(log, 'a')
  const child = spawn(file, args, {
    cwd,
    env: {...process.env, ...env},
    stdio: ['ignore', output, output],
    ...(user === undefined ? {} : {uid: user, gid: user}),
  })
  closeSync(output)
  const {pid} = child
  child.once('error', () => {})
  if (pid === undefined) throw new Error(`Cannot start ${file}: ${remedy}`)
  let ended = false
  const end = once(child, 'exit').then(() => {
    ended = true
  })
  alive.add(child)
  child.unref()
  child.once('exit', () => alive.delete(child))
  const endBy = async (signal: 'SIGTERM' | 'SIGKILL') => {
    child.kill(signal)
    const impatience = setTimeout(() => child.kill('SIGKILL'), 5000)
    await end
    clearTimeout(impatience)
  }
  await eventually(`${name} is ready`, async () => {
    if (ended) throw new Error(`${name} ended before it was ready:\n${tail(log)}`)
    return ready()
  })
  return {
    name,
    pid,
    stop: () => endBy('SIGTERM'),
    kill: () => endBy('SIGKILL'),
    peakMebibytes: () => peakOf(pid),
  }
}

/** Ended with the test, however it ends. */
const alive = new Set<ChildProcess>()
process.once('exit', killAll)
// Without its parent a test is over too.
for (const end of ['disconnect', 'SIGINT', 'SIGTERM'] as const) {
  process.once(end, () => {
    if (killAll() > 0) process.exit(1)
  })
}

/** How many were still running. */
function killAll(): number {
  for (const child of alive) child.kill('SIGKILL')
  return alive.size
}

function tail(file: string): string {
  return readFileSync(file, 'utf8').split('\n').slice(-15).join('\n')
}

function peakOf(pid: number): number {
  try {
    const kibibytes = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return Math.round(Number(kibibytes ?? 0) / 1024)
  } catch {
    return 0
  }
}
