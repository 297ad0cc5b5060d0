import {readdirSync, readFileSync, statSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {hideSecrets} from '../issue/hide-secrets.ts'
import type {Issue} from '../issue/issue.ts'
import type {Finding} from './gate.ts'

type Place = Pick<Issue, 'file' | 'line' | 'column' | 'source'>

/** Finds the lines that findings speak of, each file read once. */
export function locator(root: string): (finding: Finding) => Finding {
  const known = new Map<string, readonly string[]>()
  const linesOf = (file: string) => {
    const found = known.get(file) ?? read(join(root, file))
    known.set(file, found)
    return found
  }
  return ({marks = [], orIn, ...finding}) => {
    if (finding.line !== undefined) return finding
    const files = [finding.file, ...partsOf(root, finding.file), ...(orIn === undefined ? [] : [orIn])]
    for (const mark of marks) {
      for (const file of files) {
        const place = placeOf(file, linesOf(file), mark)
        if (place) return {...finding, ...place}
      }
    }
    return finding
  }
}

function read(path: string): readonly string[] {
  return statSync(path, {throwIfNoEntry: false})?.isFile() ? readFileSync(path, 'utf8').split('\n') : []
}

/** What a template includes: helm names the template that prints, and the text stands beside it. */
function partsOf(root: string, file: string): string[] {
  const folder = dirname(file)
  if (!folder.endsWith('/templates')) return []
  return readdirSync(join(root, folder))
    .filter((name) => name.startsWith('_'))
    .map((name) => `${folder}/${name}`)
}

/** The first line that has the mark, or begins with what follows `^`; comments aside. */
function placeOf(file: string, lines: readonly string[], wanted: string): Place | undefined {
  const mark = wanted.replace(/^\^/, '')
  const has = (line: string) => (mark === wanted ? line.includes(mark) : line.startsWith(mark))
  const index = lines.findIndex((line) => has(line) && !/^\s*(#|\{\{-? *\/\*)/.test(line))
  const text = lines[index]
  if (text === undefined) return undefined
  return {file, line: index + 1, column: text.indexOf(mark) + 1, source: {text: hideSecrets(text), length: mark.length}}
}
