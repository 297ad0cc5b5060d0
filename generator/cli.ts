import {enableCompileCache} from 'node:module'
import {resolve} from 'node:path'
import {parseArgs} from 'node:util'
import pc from 'picocolors'
import type {Command} from './commands/command.ts'
import {hasErrors, type Issue, IssueError} from './issue/issue.ts'
import {printIssues} from './issue/print.ts'
import {progressOn} from './output/progress.ts'

/** What can be run; each is loaded only when it is. */
const commands: Readonly<Record<string, () => Promise<{command: Command}>>> = {
  render: () => import('./commands/render.ts'),
  check: () => import('./commands/check.ts'),
  verify: () => import('./commands/verify.ts'),
  images: () => import('./commands/images.ts'),
  digest: () => import('./commands/digest.ts'),
  secrets: () => import('./commands/secrets.ts'),
}

const sharedOptions = {root: {type: 'string'}, help: {type: 'boolean', short: 'h'}} as const
const exitHelp = '\nExit status: 0 done, 1 problems found, 2 wrong use.\n'

// Loaded after this, so that a second run need not compile it again.
enableCompileCache()

process.exitCode = await main(process.argv.slice(2))

async function main([verb, ...argv]: readonly string[]): Promise<number> {
  const load = Object.hasOwn(commands, verb ?? '') ? commands[verb ?? ''] : undefined
  if (!load) return verb === '--help' || verb === '-h' ? printHelp(await allHelp()) : unknownVerb(verb)
  const {command} = await load()
  const parsed = parse(command, argv)
  if ('usage' in parsed) return wrongUse(parsed.usage, command.help)
  if (parsed.help) return printHelp(command.help)
  try {
    return await run(command, parsed)
  } catch (error) {
    if (error instanceof IssueError) return report(error.issues)
    return report([systemIssue(error as NodeJS.ErrnoException)])
  }
}

type Parsed = Pick<Parameters<Command['run']>[0], 'root' | 'argument' | 'options'> & {help: boolean}

async function run(command: Command, {root, argument, options}: Parsed): Promise<number> {
  const progress = progressOn(process.stderr)
  try {
    const {issues, text, outcome, quiet} = await command.run({root, argument, options, progress: progress.show})
    progress.clear()
    const code = quiet ? Number(hasErrors(issues)) : report(issues, outcome)
    if (text) process.stdout.write(`${text}\n`)
    return code
  } finally {
    progress.clear()
  }
}

function parse(command: Command, argv: readonly string[]): Parsed | {usage: string} {
  try {
    const options = {...sharedOptions, ...command.options}
    const {values, positionals} = parseArgs({args: [...argv], options, allowPositionals: true})
    const {root, help = false, ...own} = values as {root?: string; help?: boolean} & Parsed['options']
    const [argument = '', ...rest] = positionals
    if (help) return {root: '', argument, options: own, help}
    if (!command.argument && argument) return {usage: `Cannot use "${positionals.join(' ')}": it takes no argument`}
    if (command.argument && !argument) return {usage: `Cannot do it without ${command.argument}`}
    if (rest.length > 0)
      return {usage: `Cannot use "${rest.join(' ')}": it takes ${command.argument} alone. Is "--" missing before it?`}
    const refusal = command.refuse?.(own)
    if (refusal) return {usage: refusal}
    return {root: resolve(root ?? '.'), argument, options: own, help}
  } catch (error) {
    return {usage: (error as Error).message}
  }
}

async function allHelp(): Promise<string> {
  const loaded = await Promise.all(Object.values(commands).map((load) => load()))
  return loaded.map(({command}) => command.help).join('\n\n')
}

async function unknownVerb(verb: string | undefined): Promise<number> {
  return wrongUse(`Cannot run "${verb ?? ''}": there is no such command`, await allHelp())
}

function printHelp(help: string): number {
  process.stdout.write(`${help}\n${exitHelp}`)
  return 0
}

function wrongUse(message: string, help: string): number {
  process.stderr.write(`${message}\n\n${help}\n${exitHelp}`)
  return 2
}

function report(issues: readonly Issue[], outcome = '; no file was changed'): number {
  if (issues.length === 0) return 0
  const colors = pc.createColors(Boolean(process.stderr.isTTY) && pc.isColorSupported)
  const errors = issues.filter(({severity}) => severity === 'error').length
  const after = issues.some(({code}) => code === 'system') ? '' : outcome
  const end = errors > 0 ? `\n\n${errors} ${errors === 1 ? 'error' : 'errors'}${after}` : ''
  process.stderr.write(`${printIssues(issues, colors)}${end}\n`)
  return hasErrors(issues) ? 1 : 0
}

/** A full disk, missing rights and the like: what the system says, without a stack. */
function systemIssue(error: NodeJS.ErrnoException): Issue {
  if (process.env.DEBUG) throw error
  const isSystem = error.syscall !== undefined
  return {
    severity: 'error',
    code: 'system',
    file: error.path ?? 'generator/cli.ts',
    message: isSystem
      ? `Cannot go on: ${error.message}`
      : `Cannot go on, the generator itself fails: ${placeOf(error)}`,
    fix: isSystem
      ? 'make room, or give yourself the rights, and run it again: it repairs the tree'
      : 'run it again with DEBUG=1 and report what it prints, without the secrets that it may show',
  }
}

/** Where it happened: what the program says about its own mistake may quote a secret. */
function placeOf({name, stack = ''}: Error): string {
  return `${name} ${/generator\/[^)\n]+/.exec(stack)?.[0] ?? ''}`.trim()
}
