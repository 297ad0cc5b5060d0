import {createHash} from 'node:crypto'
import {join} from 'node:path'
import type {Site} from '../component.ts'
import {layerDefinitions} from '../components/index.ts'
import {type GateName, gateNames} from '../environment/verification.ts'
import type {ClusterIssue} from '../gates/fold.ts'
import {gates} from '../gates/index.ts'
import {githubAnnotations, gitlabReport, summaryOf} from '../gates/report.ts'
import {printTable} from '../gates/table.ts'
import {type Verified, verify} from '../gates/verify.ts'
import {hasErrors, type Issue} from '../issue/issue.ts'
import {digestOf} from '../output/digest.ts'
import {type Rendered, renderRepository} from '../pipeline.ts'
import {TreeFiles} from '../tree/files.ts'
import {readCluster} from '../tree/read-cluster.ts'
import {run} from '../verify/run.ts'
import type {Command, CommandInput, CommandResult} from './command.ts'

const formats = ['text', 'json', 'github', 'gitlab'] as const

export const command: Command = {
  help: `Usage: npm run verify [-- OPTIONS]

Looks for what would break in the field: at the objects that stand in charts/, environments/*/rendered/ and clusters/,
not at the model that made them. Each gate has a page in docs/gates/. Needs no network.

Options:
  --list               the gates, with what holds where they pass, and why
  --gate NAME          only this gate; may be given several times
  --environment NAME   only this environment
  --tables             what every node bears, and how long every buffer lasts
  --complete           a gate that cannot look at everything, because data is missing, is an error
  --format FORMAT      text (default), json, github (annotations) or gitlab (a code quality report)
  --root FOLDER        the repository; default: this one
  --help               this text`,
  options: {
    list: {type: 'boolean'},
    gate: {type: 'string', multiple: true},
    environment: {type: 'string'},
    tables: {type: 'boolean'},
    complete: {type: 'boolean'},
    format: {type: 'string'},
  },
  refuse: ({gate = [], format = 'text'}) => {
    const unknown = (gate as string[]).find((name) => !gateNames.includes(name as GateName))
    if (unknown !== undefined) return `Cannot find gate "${unknown}": it is one of ${gateNames.join(', ')}`
    const known = formats.includes(format as (typeof formats)[number])
    return known ? undefined : `Cannot print "${format}": it is one of ${formats.join(', ')}`
  },
  run: (input) => (input.options.list ? {issues: [], text: listOfGates()} : runGates(input)),
}

function listOfGates(): string {
  return allGates(() => '')
    .map(
      ({name, rule, reason, source}) =>
        `${name}\n  ${rule}.\n  Why: ${reason}\n  Source: ${source}\n  docs/gates/${name}.md`,
    )
    .join('\n\n')
}

async function runGates({root, options, progress}: CommandInput): Promise<CommandResult> {
  const format = String(options.format ?? 'text')
  progress('Rendering')
  const rendered = renderRepository(root, layerDefinitions)
  const files = new TreeFiles(root, rendered.files)
  const refusal = whyNot(rendered, files, options.environment)
  if (refusal.length > 0) return resultOf({...nothingVerified, issues: refusal}, {format})
  const plans = rendered.plans.filter(
    ({read}) => (options.environment ?? read.environment.name) === read.environment.name,
  )
  const wanted = (options.gate ?? []) as readonly string[]
  const chosen = allGates(() => digestOf(rendered.files)).filter(
    ({name}) => wanted.length === 0 || wanted.includes(name),
  )
  const verified = await verify({root, environments: plans, clusterOf: reader(files), gates: chosen, progress})
  const issues = [...changedByHand(files), ...verified.issues]
  return resultOf({...verified, issues}, {format, complete: options.complete === true, tables: options.tables === true})
}

/** Problems with which there is nothing to verify. */
function whyNot({issues, plans}: Rendered, files: TreeFiles, environment: unknown): Issue[] {
  if (hasErrors(issues)) return [...issues]
  const names = plans.map(({read}) => read.environment.name)
  if (environment !== undefined && !names.includes(String(environment))) {
    const file = `environments/${environment}/environment.yaml`
    const message = `Cannot find environment "${environment}"`
    return [{severity: 'error', code: 'file', file, message, fix: `write one of ${names.join(', ')}`}]
  }
  const missing = files.missing()
  return missing.length > 0 ? [notRendered(missing)] : []
}

/** What follows may come from files that are not what the environments say now. */
function changedByHand(files: TreeFiles): Issue[] {
  const [first, ...rest] = files.changed()
  if (first === undefined) return []
  const message = `This is not what the environments render to${rest.length > 0 ? `, and ${rest.length} more files are not` : ''}: what the gates say may come from that`
  return [{severity: 'warning', code: 'drift', file: first, message, fix: 'run npm run render'}]
}

const nothingVerified: Verified = {
  issues: [],
  results: [],
  waived: [],
  tables: [],
  counts: {environments: 0, clusters: 0, objects: 0},
}

/** The problems of the gates, and a summary; for `npm run check`, which has rendered already. */
export async function verifyRendered(
  root: string,
  rendered: Rendered,
  {complete, progress}: {complete: boolean; progress: (text: string) => void},
): Promise<{issues: Issue[]; summary: string; isComplete: boolean}> {
  const files = new TreeFiles(root, rendered.files)
  const all = allGates(() => digestOf(rendered.files))
  const verified = await verify({root, environments: rendered.plans, clusterOf: reader(files), gates: all, progress})
  return {
    issues: [...verified.issues.map(withoutPlace), ...incompleteIssues(verified, complete)],
    summary: summaryOf(verified),
    isComplete: verified.results.every(({incomplete}) => incomplete === undefined),
  }
}

function reader(files: TreeFiles) {
  return (site: Site) => readCluster(files, site, layerDefinitions)
}

function allGates(digest: () => string) {
  const program = join(import.meta.dirname, '../cli.ts')
  return gates({
    layers: layerDefinitions,
    digest,
    again: async ({env, root: link, clock}) => {
      const args = ['--import', clock, program, 'digest', '--root', link]
      const {stdout, stderr, exitCode} = await run(process.execPath, args, {env})
      if (exitCode !== 0) throw new Error(stderr.trim())
      return stdout.trim()
    },
  })
}

function notRendered([first = '', ...rest]: readonly string[]): Issue {
  const more = rest.length > 0 ? `, and ${rest.length} more were not` : ''
  return {
    severity: 'error',
    code: 'drift',
    file: first,
    message: `Cannot verify: this file was not rendered${more}`,
    fix: 'run npm run render',
  }
}

function resultOf(
  verified: Verified,
  {format, complete = false, tables = false}: {format: string; complete?: boolean; tables?: boolean},
): CommandResult {
  const issues = [...verified.issues.map(withoutPlace), ...incompleteIssues(verified, complete)]
  if (format === 'text') {
    const figures = tables ? verified.tables.map(printTable) : []
    const summary = verified.results.length > 0 ? [summaryOf(verified)] : []
    return {issues, text: [...figures, ...summary].join('\n\n'), outcome: ''}
  }
  const text = {
    json: () =>
      JSON.stringify(
        {issues, gates: verified.results, waived: verified.waived, counts: verified.counts, tables: verified.tables},
        null,
        2,
      ),
    github: () => githubAnnotations(issues),
    gitlab: () => gitlabReport(issues, (each) => createHash('sha256').update(each).digest('hex')),
  }[format as 'json' | 'github' | 'gitlab']()
  return {issues, text, outcome: '', quiet: true}
}

/** What folding needed. */
function withoutPlace({environment: _environment, cluster: _cluster, ...issue}: ClusterIssue): Issue {
  return issue
}

/** Without data a gate passes what it has not seen. */
function incompleteIssues({results}: Verified, complete: boolean): Issue[] {
  return results.flatMap(({gate, incomplete}): Issue[] => {
    if (incomplete === undefined) return []
    const [reason, fix = ''] = incomplete.split(': ')
    const severity = complete ? 'error' : 'warning'
    return [
      {
        severity,
        code: 'incomplete',
        gate,
        file: `docs/gates/${gate}.md`,
        message: `This gate could not look at everything: ${reason}`,
        fix,
      },
    ]
  })
}
