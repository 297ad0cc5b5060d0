import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {recipientsOf} from '../environment/sealed.ts'
import {type Authority, hasOlder} from './authority.ts'
import type {ClusterFiles} from './cluster-files.ts'
import {readableIn} from './targets.ts'

/** What somebody knows who could read files until now. */
export interface Exposure {
  /** Who that is, as well as it can be told. */
  readers: string[]
  /** What to rotate, by the names that `--rotate` takes. */
  rotate: string[]
  /** Whether the authority before has to be retired so that this one can be rotated. */
  mustRetire: boolean
}

/** Whoever could read a file knows what was in it, also when it is encrypted anew. */
export function exposureOf(options: {
  root: string
  clusters: readonly ClusterFiles[]
  cloud: ClusterFiles
  authority: Authority | undefined
  /** Files that go. */
  removed: readonly string[]
}): Exposure {
  const {root, clusters, cloud, authority, removed} = options
  const losing = clusters.map(({name, key, readers, recipients}) => {
    const lost = readers.filter((reader) => !recipients.includes(reader))
    return {name, lost, isRenewed: key.isNew}
  })
  const readable = losing.filter(({lost}) => lost.length > 0)
  const operators = formerOperators(root, removed)
  const readers = readable.flatMap(({name, lost, isRenewed}) =>
    lost.map((reader) => operators.get(reader) ?? (isRenewed ? `the old key of ${name} (${reader})` : reader)),
  )
  const names = readable.map(({name}) => name)
  const rotate = readableIn(names, cloud.site, cloud.planned)
  const mustRetire = authority !== undefined && hasOlder(authority) && rotate.includes('authority')
  return {readers: [...new Set(readers)], rotate, mustRetire}
}

/** Names by recipient: the login of an operator is encrypted for nobody else. */
function formerOperators(root: string, removed: readonly string[]): Map<string, string> {
  const logins = removed.filter((path) => path.endsWith('.sops.yaml') && existsSync(join(root, path)))
  return new Map(
    logins.flatMap((path): [string, string][] => {
      const name = /operators\/(.+)\.sops\.yaml$/.exec(path)?.[1]
      const [recipient, ...others] = recipientsOf(readFileSync(join(root, path), 'utf8'))
      return name && recipient && others.length === 0 ? [[recipient, `${name} (${recipient})`]] : []
    }),
  )
}
