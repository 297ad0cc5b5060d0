import {mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {IssueError} from '../issue/issue.ts'

const folder = '.render'

/**
 * Runs `work` as the only one that writes in the repository, with a folder for files that are not yet in place. What a
 * killed run has left there is removed first.
 */
export function withLock<Result>(root: string, work: (staging: string) => Result): Result {
  const staging = join(root, folder)
  take(staging)
  try {
    return work(staging)
  } finally {
    rmSync(staging, {recursive: true, force: true})
  }
}

/** The same for work that takes its time. */
export async function withLockHeld<Result>(root: string, work: (staging: string) => Promise<Result>): Promise<Result> {
  const staging = join(root, folder)
  take(staging)
  try {
    return await work(staging)
  } finally {
    rmSync(staging, {recursive: true, force: true})
  }
}

function take(staging: string): void {
  try {
    mkdirSync(staging)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    const owner = ownerOf(staging)
    if (owner !== undefined && isAlive(owner)) throw busy(owner)
    rmSync(staging, {recursive: true, force: true})
    mkdirSync(staging)
  }
  writeFileSync(join(staging, 'pid'), `${process.pid}\n`)
}

function ownerOf(staging: string): number | undefined {
  try {
    return Number(readFileSync(join(staging, 'pid'), 'utf8')) || undefined
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function busy(pid: number): IssueError {
  return new IssueError({
    severity: 'error',
    code: 'busy',
    file: folder,
    message: `Cannot write: process ${pid} is rendering or making Secrets in this repository`,
    fix: 'wait until it is done, then run it again',
  })
}
