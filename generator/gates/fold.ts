import type {Issue} from '../issue/issue.ts'

/** An issue with the cluster that it is about. */
export type ClusterIssue = Issue & {environment?: string; cluster?: string}

/** How many clusters with one problem are shown one by one. */
const shown = 3

/** The same problem in many clusters, shown once with the others by name: ten thousand lines are read by nobody. */
export function fold(issues: readonly ClusterIssue[]): ClusterIssue[] {
  return grouped(grouped(issues, 1, lineOf), shown, keyOf)
}

/** Groups of more than `most` clusters become their first, with the names of the others. */
function grouped(issues: readonly ClusterIssue[], most: number, key: (issue: ClusterIssue) => string): ClusterIssue[] {
  const groups = new Map<string, ClusterIssue[]>()
  for (const issue of issues) {
    const name = key(issue)
    const group = groups.get(name)
    if (group) group.push(issue)
    else groups.set(name, [issue])
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    const clusters = [...new Set(group.flatMap(({cluster}) => cluster ?? []))]
    const isOne = key === lineOf || clusters.length === group.length
    if (!first || group.length <= most || !isOne) return group
    return [{...first, message: `${first.message}${named(clusters.filter((name) => name !== first.cluster))}`}]
  })
}

function named(names: readonly string[]): string {
  if (names.length === 0) return ''
  const listed = names.length > shown ? [...names.slice(0, shown), `${names.length - shown} more`] : names
  return ` (the same in ${listed.join(', ')})`
}

/** Charts are shared by all clusters: one line of them is one problem. */
function lineOf({gate, severity, file, line, message}: ClusterIssue): string {
  return JSON.stringify([gate, severity, file, line, message])
}

/** Messages that differ in the name of the cluster and in numbers only. */
function keyOf({gate, severity, environment, cluster, message}: ClusterIssue): string {
  const text = cluster === undefined ? message : message.replaceAll(cluster, '*').replace(/\d[\d-]*/g, '0')
  return JSON.stringify([gate, severity, environment, text])
}
