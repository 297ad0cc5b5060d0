import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {parse} from 'yaml'

/** A Chart.yaml, as far as gates ask. */
export interface ChartFile {
  dependencies: readonly {name: string; version: string; repository?: string; alias?: string}[]
}

/** Reads Chart.yaml files of a repository, each once; without dependencies where one is missing. */
export function chartFiles(root: string): (path: string) => ChartFile {
  const known = new Map<string, ChartFile>()
  return (path) => {
    const found = known.get(path) ?? read(join(root, path))
    known.set(path, found)
    return found
  }
}

function read(path: string): ChartFile {
  if (!existsSync(path)) return {dependencies: []}
  const {dependencies = []} = (parse(readFileSync(path, 'utf8')) ?? {}) as Partial<ChartFile>
  return {dependencies}
}
