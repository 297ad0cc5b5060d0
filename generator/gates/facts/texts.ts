import {containersOf, type Pods} from '../../tree/pods.ts'
import type {RenderedCluster} from '../../tree/tree.ts'
import {filesOf} from './agents.ts'

/** Files and variables of pods, as text. */
export function textsOf(cluster: RenderedCluster, pods: Pods): string[] {
  const files = filesOf(cluster, pods).map(({text}) => text)
  return [...files, ...containersOf(pods.spec).flatMap(({env = []}) => env.map(({value = ''}) => value))]
}

/** Names of files in a folder that a text speaks of. */
export function filesBelow(text: string, folder: string): string[] {
  const escaped = folder.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return [...text.matchAll(new RegExp(`(?<![\\w./-])${escaped}/([A-Za-z0-9._-]+)(?![\\w/*.-])`, 'g'))].map(
    ([, file = '']) => file,
  )
}
