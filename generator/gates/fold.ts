import type {Issue} from '../issue/issue.ts'

type Placed = Issue & {environment?: string; cluster?: string}

/** How many clusters with one problem are shown one by one. */
const shown = 3

/** The same problem in many clusters, shown once with the others by name: ten thousand lines are read by nobody. */
export function fold(issues: readonly Placed[]): Issue[] {
  return grouped(grouped(issues, 1, lineOf), shown, keyOf).map(
    ({environment: _environment, cluster: _cluster, ...issue}) => issue,
  )
}

/** Groups of more than `most` become their first, with the names of the other clusters. */
function grouped(issues: readonly Placed[], most: number, key: (issue: Placed) => string): Placed[] {
  const groups = new Map<string, Placed[]>()
  for (const issue of issues) groups.set(key(issue), [...(groups.get(key(issue)) ?? []), issue])
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    if (!first || group.length <= most) return group
    const names = [...new Set(group.flatMap(({cluster}) => cluster ?? []))].filter((name) => name !== first.cluster)
    return [{...first, message: `${first.message}${named(names)}`}]
  })
}

function named(names: readonly string[]): string {
  if (names.length === 0) return ''
  const listed = names.length > shown ? [...names.slice(0, shown), `${names.length - shown} more`] : names
  return ` (the same in ${listed.join(', ')})`
}

/** Charts are shared by all clusters: one line of them is one problem. */
function lineOf({gate, severity, file, line, message}: Placed): string {
  return JSON.stringify([gate, severity, file, line, message])
}

function keyOf({gate, severity, environment, cluster = '', message}: Placed): string {
  return JSON.stringify([gate, severity, environment, message.replaceAll(cluster, '*').replace(/\d[\d-]*/g, '0')])
}
