import type {ReadEnvironment} from '../environment/read.ts'
import type {GateName} from '../environment/verification.ts'
import type {Gate} from './gate.ts'
import type {GateIssue} from './verify.ts'

/** Errors that an environment lets pass, with its reason: every run shows it. */
export interface Waived {
  environment: string
  gate: GateName
  cluster: string | undefined
  reason: string
  errors: number
}

/** Makes warnings of the errors that waivers are for; a waiver for nothing is a warning itself. */
export function waive(
  issues: readonly GateIssue[],
  environments: readonly ReadEnvironment[],
  gates: readonly Gate[],
): {issues: GateIssue[]; waived: Waived[]} {
  const entries = environments.flatMap((read) =>
    read.environment.verify.waivers.map((waiver, index) => ({...waiver, read, index, errors: 0})),
  )
  const passed = issues.map((issue) => {
    const entry = entries.find(
      ({read, gate, cluster}) =>
        issue.severity === 'error' &&
        gate === issue.gate &&
        read.environment.name === issue.environment &&
        (cluster === undefined || cluster === issue.cluster),
    )
    if (!entry) return issue
    entry.errors += 1
    return {...issue, severity: 'warning' as const, message: `${issue.message} (waived: ${entry.reason})`}
  })
  const ran = new Set(gates.map(({name}) => name))
  const idle = entries.filter(({errors, gate}) => errors === 0 && ran.has(gate)).map(idleWaiver)
  return {
    issues: [...passed, ...idle],
    waived: entries
      .filter(({errors}) => errors > 0)
      .map(({read, gate, cluster, reason, errors}) => ({
        environment: read.environment.name,
        gate,
        cluster,
        reason,
        errors,
      })),
  }
}

function idleWaiver({read, gate, index}: {read: ReadEnvironment; gate: GateName; index: number}): GateIssue {
  const issue = read.source.issue({
    severity: 'warning',
    path: ['verify', 'waivers', index],
    message: `Nothing is waived here: gate ${gate} passes`,
    fix: 'take the waiver out',
  })
  return {...issue, gate, environment: read.environment.name}
}
