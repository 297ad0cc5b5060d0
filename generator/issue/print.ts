import type {Issue} from './issue.ts'

const frameWidth = 100

export interface Paint {
  bold: (text: string) => string
  dim: (text: string) => string
  red: (text: string) => string
  yellow: (text: string) => string
}

const plain: Paint = {bold: String, dim: String, red: String, yellow: String}

/** All problems as text for a person, by file and line, without a trailing newline. */
export function printIssues(issues: readonly Issue[], paint: Paint = plain): string {
  return [...issues]
    .sort(byPlace)
    .map((issue) => printIssue(issue, paint))
    .join('\n\n')
}

function printIssue(issue: Issue, paint: Paint): string {
  const place = [issue.file, issue.line, issue.column].filter((part) => part !== undefined).join(':')
  const color = issue.severity === 'error' ? paint.red : paint.yellow
  const head = [paint.bold(place), color(issue.severity), issue.gate, issue.path].filter(Boolean).join('  ')
  return [head, `  ${issue.message}`, ...frame(issue, color), `  Fix: ${issue.fix}`].join('\n')
}

function frame({line, column, source}: Issue, color: (text: string) => string): string[] {
  if (line === undefined || column === undefined || source === undefined || source.text.trim() === '') return []
  const start = source.text.length <= frameWidth ? 0 : Math.max(0, column - 1 - Math.floor(frameWidth / 2))
  const text = source.text.slice(start, start + frameWidth)
  const offset = column - 1 - start
  const carets = Math.max(1, Math.min(source.length, text.length - offset))
  const gutter = `    ${line} | `
  return [gutter + text, `${' '.repeat(gutter.length - 2)}| ${' '.repeat(offset)}${color('^'.repeat(carets))}`]
}

function byPlace(a: Issue, b: Issue): number {
  return compare(a.file, b.file) || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0)
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
