import {enableCompileCache} from 'node:module'
import {resolve} from 'node:path'
import {parseArgs} from 'node:util'
import pc from 'picocolors'
import {hasErrors, type Issue, IssueError} from './issue/issue.ts'
import {printIssues} from './issue/print.ts'
import {progressOn} from './output/progress.ts'

const help = `Usage: npm run render [-- --root FOLDER]

Renders charts/, clusters/ and environments/*/rendered/ from environments/*/environment.yaml.

Options:
  --root FOLDER  the repository; default: this one
  --help         this text

Exit status: 0 done, 1 problems found and nothing written, 2 wrong use.
`

// Loaded after this, so that a second run need not compile it again.
enableCompileCache()

process.exitCode = await main(process.argv.slice(2))

async function main(argv: readonly string[]): Promise<number> {
  const parsed = parse(argv)
  if ('usage' in parsed) return wrongUse(parsed.usage)
  if (parsed.help) {
    process.stdout.write(help)
    return 0
  }
  try {
    return await runRender(parsed.root)
  } catch (error) {
    if (error instanceof IssueError) return report(error.issues)
    return report([systemIssue(error as NodeJS.ErrnoException)])
  }
}

async function runRender(root: string): Promise<number> {
  const progress = progressOn(process.stderr)
  try {
    const {render} = await import('./commands/render.ts')
    const {issues, summary} = render(root, progress.show)
    progress.clear()
    const code = report(issues)
    if (summary) process.stdout.write(`${summary}\n`)
    return code
  } finally {
    progress.clear()
  }
}

function parse(argv: readonly string[]): {root: string; help: boolean} | {usage: string} {
  try {
    const options = {root: {type: 'string'}, help: {type: 'boolean', short: 'h'}} as const
    const {values, positionals} = parseArgs({args: [...argv], options, allowPositionals: true})
    const [verb, ...rest] = positionals
    if (verb !== 'render' && !values.help) return {usage: `Cannot run "${verb ?? ''}": there is no such command`}
    if (rest.length > 0) return {usage: `Cannot use "${rest.join(' ')}": render takes all environments at once`}
    return {root: resolve(values.root ?? '.'), help: values.help ?? false}
  } catch (error) {
    return {usage: (error as Error).message}
  }
}

function wrongUse(message: string): number {
  process.stderr.write(`${message}\n\n${help}`)
  return 2
}

function report(issues: readonly Issue[]): number {
  if (issues.length === 0) return 0
  const colors = pc.createColors(Boolean(process.stderr.isTTY) && pc.isColorSupported)
  const errors = issues.filter(({severity}) => severity === 'error').length
  const outcome = issues.some(({code}) => code === 'system') ? '' : '; no file was changed'
  const end = errors > 0 ? `\n\n${errors} ${errors === 1 ? 'error' : 'errors'}${outcome}` : ''
  process.stderr.write(`${printIssues(issues, colors)}${end}\n`)
  return hasErrors(issues) ? 1 : 0
}

/** A full disk, missing rights and the like: what the system says, without a stack. */
function systemIssue(error: NodeJS.ErrnoException): Issue {
  if (process.env.DEBUG) throw error
  const isSystem = error.code !== undefined
  return {
    severity: 'error',
    code: 'system',
    file: error.path ?? 'generator/cli.ts',
    message: isSystem
      ? `Cannot render: ${error.message}`
      : `Cannot render, the generator itself fails: ${error.message}`,
    fix: isSystem
      ? 'make room, or give yourself the rights, and run it again: it repairs the tree'
      : 'run it again with DEBUG=1 and report what it prints',
  }
}
