import {layerDefinitions} from '../components/index.ts'
import {hasErrors, type Issue} from '../issue/issue.ts'
import {type Written, writeFiles} from '../output/write.ts'
import {renderRepository} from '../pipeline.ts'
import type {Command} from './command.ts'

export const command: Command = {
  help: `Usage: npm run render [-- --root FOLDER]

Renders charts/, clusters/ and environments/*/rendered/ from environments/*/environment.yaml.

Options:
  --root FOLDER  the repository; default: this one
  --help         this text`,
  options: {},
  run({root, progress}) {
    const {issues, summary} = render(root, progress)
    return {issues, text: summary}
  },
}

export interface RenderResult {
  issues: readonly Issue[]
  /** Undefined where problems kept every file as it was. */
  written?: Written
  summary?: string
}

/** Renders the repository at `root` in memory, and writes it if there is no error. */
export function render(root: string, progress: (text: string) => void): RenderResult {
  progress('Reading environments')
  const {files, issues, counts} = renderRepository(root, layerDefinitions)
  if (hasErrors(issues)) return {issues}
  progress(`Writing ${files.length} files`)
  const written = writeFiles(root, files, (done) => progress(`Writing files: ${done}`))
  return {issues, written, summary: summaryOf(written, files.length, counts)}
}

function summaryOf(written: Written, files: number, counts: {environments: number; clusters: number}): string {
  const {changed, removed} = written
  const what = `${counts.environments} environments, ${counts.clusters} clusters, ${files} files`
  if (changed.length + removed.length === 0) return `Rendered ${what}: nothing changed`
  return `Rendered ${what}: ${changed.length} changed, ${removed.length} removed. Next: review with git diff, commit`
}
