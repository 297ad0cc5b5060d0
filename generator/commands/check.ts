import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {layerDefinitions} from '../components/index.ts'
import type {ReadEnvironment} from '../environment/read.ts'
import {hasErrors, type Issue} from '../issue/issue.ts'
import {stagedFiles, type TextFile, workingFiles} from '../leaks/git-files.ts'
import {scanText} from '../leaks/scan.ts'
import {presentContent} from '../output/write.ts'
import {type Plan, renderRepository} from '../pipeline.ts'
import type {RenderedFile} from '../rendered-file.ts'
import {checkSecrets} from '../secrets/check-secrets.ts'
import {deletedFiles} from '../secrets/cluster-files.ts'
import type {Command, CommandInput, CommandResult} from './command.ts'
import {verifyRendered} from './verify.ts'

export const command: Command = {
  help: `Usage: npm run check [-- --staged | --complete]

Says what would be wrong with a commit: what is rendered is not what the environments say, a gate of npm run verify
finds what would break in the field, Secrets are missing or can be read by somebody who should not, or something secret
stands in a file in clear text. Needs no key and no network.

Options:
  --staged       only look for secrets in what is staged: what the pre-commit hook does
  --complete     a gate that cannot look at everything, because data is missing, is an error
  --root FOLDER  the repository; default: this one
  --help         this text`,
  options: {staged: {type: 'boolean'}, complete: {type: 'boolean'}},
  run: (input) => (input.options.staged ? checkStaged(input) : checkAll(input)),
}

async function checkStaged({root}: CommandInput): Promise<CommandResult> {
  const {files} = renderRepository(root, layerDefinitions)
  return {issues: await leaksIn(await stagedFiles(root), contents(files)), outcome: '; nothing was committed'}
}

async function checkAll({root, progress, options}: CommandInput): Promise<CommandResult> {
  progress('Rendering')
  const rendered = renderRepository(root, layerDefinitions)
  const {files, issues, plans} = rendered
  const drift = hasErrors(issues) ? [] : files.flatMap((file) => driftOf(root, file))
  progress('Looking for secrets in clear text')
  const leaks = await leaksIn(await workingFiles(root), contents(files))
  const isThere = !hasErrors(issues) && drift.every(({file}) => existsSync(join(root, file)))
  const gates = isThere
    ? await verifyRendered(root, rendered, {complete: options.complete === true, progress})
    : undefined
  const found = [...issues, ...drift, ...(gates?.issues ?? []), ...(await secretsIssues(root, plans)), ...leaks]
  const text = [gates?.summary, hasErrors(found) ? undefined : conclusion(gates?.isComplete ?? true)]
    .filter(Boolean)
    .join('\n')
  return {issues: found, text, outcome: ''}
}

function conclusion(isComplete: boolean): string {
  return isComplete ? 'All is as it should be' : 'All that could be looked at is as it should be'
}

function driftOf(root: string, {path, content}: RenderedFile): Issue[] {
  const present = presentContent(join(root, path))
  if (present === content) return []
  const message = present === undefined ? 'This file was not rendered' : 'This is not what the environments render to'
  return [{severity: 'error', code: 'drift', file: path, message, fix: 'run npm run render, and commit what it writes'}]
}

async function secretsIssues(root: string, all: readonly Plan[]): Promise<Issue[]> {
  const plans = all.filter(({read}) => read.environment.secrets)
  const deleted = await deletedFiles(
    root,
    plans.flatMap(({sites}) => sites),
  )
  const found = plans.flatMap(({read, sites}) => {
    if (sites.every(({sealed}) => sealed === undefined)) return [notBegun(read)]
    return checkSecrets({root, sites, layers: layerDefinitions, now: new Date()})
  })
  return [...deleted, ...found.filter(({file}) => !deleted.some((issue) => issue.file === file))]
}

function notBegun({environment, source}: ReadEnvironment): Issue {
  const message = 'Operators are named, and no Secrets are there'
  const fix = `run npm run secrets -- ${environment.name}`
  return source.issue({severity: 'warning', code: 'secrets', path: ['secrets'], at: 'key', message, fix})
}

function contents(files: readonly RenderedFile[]): Map<string, string> {
  return new Map(files.map(({path, content}) => [path, content]))
}

/** What is exactly as it was rendered comes from files that are looked at themselves. */
async function leaksIn(files: readonly TextFile[], rendered: ReadonlyMap<string, string>): Promise<Issue[]> {
  const issues: Issue[] = []
  for (const {path, text} of files) {
    if (rendered.get(path) !== text) issues.push(...(await scanText(path, text)))
  }
  return issues
}
