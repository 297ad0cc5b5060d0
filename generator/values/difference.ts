import {isDeepStrictEqual} from 'node:util'
import {isTree} from '../model/merge.ts'

type Tree = Record<string, unknown>

/** What must be merged over `defaults` to get `values`: the entries that differ, and undefined where none does. */
export function difference(values: Tree, defaults: Tree): Tree | undefined {
  const entries = Object.entries(values).flatMap(([key, value]): [string, unknown][] => {
    const standard = defaults[key]
    if (isTree(value) && isTree(standard)) {
      const inner = difference(value, standard)
      return inner ? [[key, inner]] : []
    }
    return isDeepStrictEqual(value, standard) ? [] : [[key, value]]
  })
  return entries.length > 0 ? Object.fromEntries(entries) : undefined
}
