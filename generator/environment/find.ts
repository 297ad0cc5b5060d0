import {existsSync, lstatSync, readdirSync, readFileSync, realpathSync, statSync} from 'node:fs'
import {join, relative, sep} from 'node:path'
import type {Issue} from '../issue/issue.ts'
import {dnsLabel} from './fields.ts'

export const environmentsFolder = 'environments'
const fileName = 'environment.yaml'
/** Room for some twenty thousand edge clusters; a larger file is a mistake. */
const sizeLimit = 8 * 1024 * 1024

export interface EnvironmentFile {
  /** Name of the folder. */
  name: string
  /** Path in the repository. */
  file: string
  content: string
}

/** All environment files of a repository, by name; those that cannot be read become issues. */
export function findEnvironments(root: string, issues: Issue[]): EnvironmentFile[] {
  const folder = join(root, environmentsFolder)
  if (!existsSync(folder)) {
    const fix = `make ${environmentsFolder}/NAME/${fileName} from environments/example/${fileName} of this project`
    issues.push(problem(environmentsFolder, 'Cannot find environments: the folder is missing', fix))
    return []
  }
  return readdirSync(folder, {withFileTypes: true})
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .map(({name}) => name)
    .filter((name) => isEntry(join(folder, name, fileName)))
    .sort()
    .flatMap((name) => readEnvironment(root, name, issues) ?? [])
}

function isEntry(path: string): boolean {
  return lstatSync(path, {throwIfNoEntry: false}) !== undefined
}

function readEnvironment(root: string, name: string, issues: Issue[]): EnvironmentFile | undefined {
  const file = `${environmentsFolder}/${name}/${fileName}`
  const found = unusable(root, name, file) ?? decode(root, file)
  if ('content' in found) return {name, file, content: found.content}
  issues.push(found)
  return undefined
}

function unusable(root: string, name: string, file: string): Issue | undefined {
  if (!dnsLabel.safeParse(name).success) {
    const message = `Cannot use folder "${name}" as an environment: its name is no name for one`
    return problem(file, message, 'rename it to lower-case letters, digits and "-", such as lab')
  }
  const real = realPath(join(root, file))
  if (real === undefined) {
    return problem(file, 'Cannot read the environment: the symbolic link leads nowhere', 'put the file itself here')
  }
  if (relative(realpathSync(root), real).split(sep)[0] === '..') {
    const message = 'Cannot read the environment: a symbolic link leads out of the repository'
    return problem(file, message, 'put the file itself here: what is outside is not reviewed')
  }
  const {size, isFile} = describe(real)
  if (!isFile) return problem(file, 'Cannot read the environment: it is no file', `put a file ${fileName} here`)
  if (size <= sizeLimit) return undefined
  const message = `Cannot read the environment: it has ${size} bytes, more than ${sizeLimit}`
  return problem(file, message, 'remove what does not belong there, or split the environment in two')
}

function decode(root: string, file: string): {content: string} | Issue {
  try {
    return {content: new TextDecoder('utf-8', {fatal: true}).decode(readFileSync(join(root, file)))}
  } catch (error) {
    const reason = error instanceof TypeError ? 'it is no UTF-8 text' : (error as Error).message
    return problem(file, `Cannot read the environment: ${reason}`, 'save the file as UTF-8 text that you may read')
  }
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}

function describe(path: string): {size: number; isFile: boolean} {
  const stat = statSync(path)
  return {size: stat.size, isFile: stat.isFile()}
}

function problem(file: string, message: string, fix: string): Issue {
  return {severity: 'error', code: 'file', file, message, fix}
}
