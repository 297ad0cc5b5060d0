import type {Placed} from '../../tree/tree.ts'
import {configIn, within} from '../facts/agents.ts'
import type {Finding} from '../gate.ts'
import type {Say} from './context.ts'

/** Files of collectors, and of Jaeger, which is one. */
const files = ['agent.yaml', 'gateway.yaml', 'jaeger.yaml']
const parts = ['receivers', 'processors', 'exporters'] as const

/** Names in the pipelines of a collector that nothing defines: it would not start. What no pipeline uses does nothing. */
export function pipelineFindings({object}: Placed, say: Say): Finding[] {
  return files.flatMap((file) => {
    const config = configIn(object, file)
    const pipelines = Object.values((within(config, 'service', 'pipelines') ?? {}) as object)
    if (pipelines.length === 0) return []
    const kinds = parts.map((part) => ({
      part,
      used: pipelines.flatMap((pipeline) => (within(pipeline, part) ?? []) as string[]),
    }))
    const extensions = {part: 'extensions' as const, used: (within(config, 'service', 'extensions') ?? []) as string[]}
    return [...kinds, extensions].flatMap(({part, used}) => {
      const defined = Object.keys((within(config, part) ?? {}) as object)
      const kind = part.slice(0, -1)
      return [
        ...used
          .filter((name) => !defined.includes(name))
          .map((name) =>
            say(`${file} uses ${kind} ${name}, which it does not define`, 'write one that is defined', name),
          ),
        ...defined
          .filter((name) => !used.includes(name))
          .map((name) =>
            say(`${file} defines ${kind} ${name}, which no pipeline uses`, 'use it, or take it out', name),
          ),
      ]
    })
  })
}
