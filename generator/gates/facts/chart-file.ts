import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {parseDocument} from 'yaml'
import {IssueError} from '../../issue/issue.ts'

/** A Chart.yaml, as far as gates ask. */
export interface ChartFile {
  dependencies: readonly {name: string; version: string; repository?: string; alias?: string}[]
}

/**
 * Reads Chart.yaml files of a repository, each once; without dependencies where one is missing. An IssueError where one
 * is no YAML.
 */
export function chartFiles(root: string): (path: string) => ChartFile {
  const known = new Map<string, ChartFile>()
  return (path) => {
    const found = known.get(path) ?? read(root, path)
    known.set(path, found)
    return found
  }
}

function read(root: string, file: string): ChartFile {
  if (!existsSync(join(root, file))) return {dependencies: []}
  const document = parseDocument(readFileSync(join(root, file), 'utf8'))
  const [error] = document.errors
  if (error) {
    const message = `Cannot read YAML: ${error.message.split(/ at line|\n/)[0]}`
    const line = error.linePos?.[0].line
    throw new IssueError({severity: 'error', code: 'yaml', file, line, message, fix: 'run npm run render'})
  }
  const {dependencies} = (document.toJS() ?? {}) as Partial<ChartFile>
  return {dependencies: Array.isArray(dependencies) ? dependencies : []}
}
