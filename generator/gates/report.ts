import type {Issue} from '../issue/issue.ts'
import type {Verified} from './verify.ts'

/** A summary for a person to read in ten seconds: what was looked at, and a line for each gate. */
export function summaryOf({results, waived, counts}: Verified): string {
  const {environments, clusters, objects} = counts
  const width = Math.max(...results.map(({gate}) => gate.length))
  const lines = results.map(({gate, errors, warnings, incomplete}) => {
    const found = [counted(errors, 'error'), counted(warnings, 'warning')].filter(Boolean).join(', ')
    return `  ${gate.padEnd(width)}  ${[found || (incomplete ? '' : 'ok'), incomplete ? `not complete: ${incomplete}` : ''].filter(Boolean).join('; ')}`
  })
  const reasons = waived.map(
    ({environment, cluster, gate, reason, errors}) =>
      `  waived: ${counted(errors, 'error')} of ${gate} in ${environment}${cluster ? `/${cluster}` : ''}, because: ${reason}`,
  )
  return [
    `Verified ${counted(environments, 'environment')}, ${counted(clusters, 'cluster')}, ${counted(objects, 'object')}`,
    ...lines,
    ...reasons,
  ].join('\n')
}

function counted(count: number, noun: string): string {
  return count === 0 ? '' : `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** Annotations that GitHub shows beside the lines (docs.github.com, "Workflow commands for GitHub Actions"). */
export function githubAnnotations(issues: readonly Issue[]): string {
  return issues
    .map(({severity, file, line, column, gate, message, fix}) => {
      const place = [`file=${property(file)}`, ...(line ? [`line=${line}`] : []), ...(column ? [`col=${column}`] : [])]
      return `::${severity} ${[...place, `title=${property(gate ?? 'render')}`].join(',')}::${data(`${message}. Fix: ${fix}`)}`
    })
    .join('\n')
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}

/** A report that GitLab shows in merge requests (docs.gitlab.com/ci/testing/code_quality, "Code Quality report format"). */
export function gitlabReport(issues: readonly Issue[], fingerprint: (text: string) => string): string {
  const entries = issues.map(({severity, file, line = 1, gate = 'render', message, fix}) => ({
    description: `${message}. Fix: ${fix}`,
    check_name: gate,
    fingerprint: fingerprint([gate, file, message].join('\n')),
    severity: severity === 'error' ? 'major' : 'minor',
    location: {path: file, lines: {begin: line}},
  }))
  return JSON.stringify(entries, null, 2)
}
