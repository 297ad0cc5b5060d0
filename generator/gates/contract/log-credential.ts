import {parse} from 'yaml'
import {oncePer} from '../../tree/once.ts'
import type {RenderedCluster} from '../../tree/tree.ts'
import {agentOf, outputsOfLogs, textWithin, within} from '../facts/agents.ts'
import {about, type Finding, type Surroundings} from '../gate.ts'

/** The user of an edge cluster may add to just the indices that its Fluent Bit names. */
export function logCredential(cluster: RenderedCluster, {cloud}: Surroundings): Finding[] {
  const agent = agentOf(cluster, 'fluentBit')
  if (!agent) return []
  return outputsOfLogs(agent).flatMap((output) => {
    const index = `${textWithin(output, 'logstash_prefix')}-2026.01.31`
    const role = within(rolesOf(cloud), `edge-${cluster.site.cluster.name}`)
    const granted = ((within(role, 'indices') ?? []) as {names: string[]; privileges: string[]}[]).filter(({names}) =>
      names.some((pattern) => matches(pattern, index)),
    )
    const privileges = granted.flatMap((entry) => entry.privileges)
    if (
      ['create_doc', 'auto_configure'].every((each) => privileges.includes(each)) &&
      output.write_operation === 'create'
    )
      return []
    const message = `Fluent Bit adds to ${index}, which role edge-${cluster.site.cluster.name} of Elasticsearch does not allow`
    return [about(agent.placed, cluster, message, 'run npm run render, in one commit for edge and cloud')]
  })
}

/** A role for each edge cluster of the environment: read once. */
const rolesOf = oncePer((cloud: RenderedCluster): unknown => {
  const texts = cloud.objects.flatMap(({object}) => textWithin(object, 'stringData', 'roles.yml') || [])
  return parse(texts[0] ?? '{}')
})

function matches(pattern: string, index: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`).test(index)
}
