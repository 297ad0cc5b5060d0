import type {ParseArgsOptionsConfig} from 'node:util'
import type {Issue} from '../issue/issue.ts'

/** One verb of the command line. */
export interface Command {
  /** What `--help` prints. */
  help: string
  /** Options beside --root and --help. */
  options: ParseArgsOptionsConfig
  /** Why options do not go together; undefined where they do. */
  refuse?: (options: CommandInput['options']) => string | undefined
  /** What it takes beside options, such as the name of an environment; none where undefined. */
  argument?: string
  run: (input: CommandInput) => Promise<CommandResult> | CommandResult
}

export interface CommandInput {
  root: string
  argument: string
  options: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>
  progress: (text: string) => void
}

export interface CommandResult {
  issues: readonly Issue[]
  /** Results, for standard output. */
  text?: string | undefined
  /** What is said under errors, such as that no file was changed. */
  outcome?: string
  /** Whether the text says all: the problems are not printed beside it. */
  quiet?: boolean
}
