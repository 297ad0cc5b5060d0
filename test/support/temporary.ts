import {cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import type {ExecutionContext} from 'ava'
import {root} from './paths.ts'

/** A folder that goes when the test ends, filled from paths to contents. */
export function temporaryFolder(t: ExecutionContext, files: Record<string, string | Buffer> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'smarter-'))
  t.teardown(() => rmSync(folder, {recursive: true, force: true}))
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), {recursive: true})
    writeFileSync(join(folder, path), content)
  }
  return folder
}

/** A repository with the environment files of this one and nothing that is rendered. */
export function unrenderedRepository(t: ExecutionContext): string {
  const folder = temporaryFolder(t)
  for (const name of environmentNames()) {
    const path = `environments/${name}/environment.yaml`
    mkdirSync(dirname(join(folder, path)), {recursive: true})
    cpSync(join(root, path), join(folder, path))
  }
  return folder
}

/** The committed environments. */
export function environmentNames(): string[] {
  return readdirSync(join(root, 'environments'), {withFileTypes: true})
    .filter((entry) => entry.isDirectory())
    .map(({name}) => name)
    .sort()
}

/** All files below a folder, as paths to contents. */
export function readTree(folder: string, prefix = ''): Record<string, string> {
  const entries = readdirSync(join(folder, prefix), {withFileTypes: true}).flatMap((entry): [string, string][] => {
    const path = prefix ? `${prefix}/${entry.name}` : entry.name
    if (entry.isDirectory()) return Object.entries(readTree(folder, path))
    return entry.isFile() ? [[path, readFileSync(join(folder, path), 'utf8')]] : []
  })
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}
