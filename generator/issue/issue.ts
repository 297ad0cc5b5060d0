export type Severity = 'error' | 'warning'

/** One problem, as data. `line` and `column` count from 1; `file` is relative to the repository. */
export interface Issue {
  severity: Severity
  code: string
  /** The gate that found it; undefined where rendering itself did. */
  gate?: string
  file: string
  line?: number | undefined
  column?: number | undefined
  /** Where in the document, such as `cloud.loadBalancer.addresses.0`. */
  path?: string
  message: string
  /** What to write instead; every problem has one. */
  fix: string
  /** The source line and how many of its characters, from `column` on, are wrong. */
  source?: {text: string; length: number} | undefined
}

export function hasErrors(issues: readonly Issue[]): boolean {
  return issues.some(({severity}) => severity === 'error')
}

/** An Issue that ends the work at once; `cli.ts` prints it. Only for what no later step can go on without. */
export class IssueError extends Error {
  readonly issues: readonly Issue[]

  constructor(...issues: Issue[]) {
    super(issues.map(({message}) => message).join('\n'))
    this.issues = issues
  }
}
