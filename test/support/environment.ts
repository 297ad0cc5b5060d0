import type {Site} from '../../generator/component.ts'
import {layerDefinitions} from '../../generator/components/index.ts'
import {readEnvironment} from '../../generator/environment/read.ts'
import type {Issue} from '../../generator/issue/issue.ts'
import {imageIssues} from '../../generator/model/image-rules.ts'
import {merge} from '../../generator/model/merge.ts'
import {sitesOf} from '../../generator/model/sites.ts'
import {printYaml} from '../../generator/yaml/print.ts'

export const valid = {
  name: 'site',
  git: {url: 'https://git.example.com/ops/edge.git'},
  cloud: {
    publicAddress: '10.0.0.240',
    loadBalancer: {mode: 'metallb', addresses: ['10.0.0.240-10.0.0.250']},
    nodes: [{name: 'cloud-1', address: '10.0.0.10', model: 'x86'}],
  },
  edge: {clusters: [{name: 'hall', server: '10.1.0.2', nodes: [{name: 'pi-1', model: 'raspberry-pi-4'}]}]},
}

/** The clusters of a small valid environment with changes merged in, and what is said about it. */
export function siteOf(changes: Record<string, unknown> = {}): {cloud: Site; edges: Site[]; issues: Issue[]} {
  const issues: Issue[] = []
  const content = printYaml(merge(valid, changes))
  const read = readEnvironment(
    {name: 'site', file: 'environments/site/environment.yaml', content},
    layerDefinitions,
    issues,
  )
  if (!read) throw new Error(issues.map(({message}) => message).join('\n'))
  const sites = sitesOf(read.environment, layerDefinitions)
  issues.push(...imageIssues(read, sites, layerDefinitions))
  const [cloud, ...edges] = sites as [Site, ...Site[]]
  return {cloud, edges, issues}
}

export function component(name: string) {
  const found = layerDefinitions.flatMap(({components}) => components).find((candidate) => candidate.name === name)
  if (!found) throw new Error(`no component ${name}`)
  return found
}
