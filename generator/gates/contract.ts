import type {RenderedCluster} from '../tree/tree.ts'
import {answerProblems, authorityProblems, certificateProblems} from './contract/answers.ts'
import {insideCloud} from './contract/inside-cloud.ts'
import {insideNode} from './contract/inside-node.ts'
import {logCredential} from './contract/log-credential.ts'
import {cloudAddresses, edgeAddresses} from './contract/networks.ts'
import {type Output, outputsOf} from './contract/outputs.ts'
import {agentOf} from './facts/agents.ts'
import {type Exposure, exposuresOf} from './facts/exposures.ts'
import {about, clusterGate, type Finding, type Surroundings} from './gate.ts'

export default clusterGate({
  name: 'contract',
  rule: 'What edge clusters send to is what the cloud really offers: name, port, protocol, certificate, credential, address',
  reason:
    'An edge that sends to a name, port or address where nobody answers fills its disk and then loses data, and says so nowhere but in its own log.',
  source: 'the guide of 2020: addresses copied by hand into manifests of the edge',
  check: (cluster, around) =>
    cluster.site.cluster.role === 'cloud' ? cloudFindings(cluster, around) : edgeFindings(cluster, around),
})

function cloudFindings(cluster: RenderedCluster, around: Surroundings): Finding[] {
  return [...cloudAddresses(cluster, around), ...insideCloud(cluster)]
}

function edgeFindings(cluster: RenderedCluster, around: Surroundings): Finding[] {
  const outputs = outputsOf(cluster)
  return [
    ...missingAgents(cluster),
    ...outputs.flatMap((output) => outputFindings(output, cluster, around)),
    ...logCredential(cluster, around),
    ...insideNode(cluster),
    ...edgeAddresses(cluster, around),
  ]
}

function missingAgents(cluster: RenderedCluster): Finding[] {
  const names = {fluentBit: 'Fluent Bit', netdata: 'Netdata', collector: 'the OpenTelemetry collector'} as const
  const {name, environment} = {name: cluster.site.cluster.name, environment: cluster.site.environment.name}
  return (Object.keys(names) as (keyof typeof names)[])
    .filter((agent) => agentOf(cluster, agent) === undefined)
    .map((agent) => {
      const file = `environments/${environment}/rendered/${name}/edge-observability.values.yaml`
      const message = `No pod of ${name} has the configuration of ${names[agent]}: nothing of it reaches the cloud`
      return about({file}, cluster, message, 'run npm run render')
    })
}

function outputFindings(output: Output, cluster: RenderedCluster, around: Surroundings): Finding[] {
  const {agent, what, host, port, faults, expected} = output
  const say = (message: string, fix: string, mark = host) =>
    about(agent.placed, cluster, `${capital(what)} ${message}`, fix, mark)
  const own = faults.map((fault) => say(`is not as it must be: ${fault}`, 'run npm run render, which writes it'))
  const all = exposuresOf(around.cloud)
  const ofHost = all.filter((exposure) => exposure.host === host)
  const exposure =
    ofHost.find((each) => each.port === port) ?? all.find((each) => each.host === '*' && each.port === port)
  if (!exposure)
    return [
      ...own,
      say(
        nobodyThere(output, all),
        'run npm run render; where it is set by hand, write a name and a port that the cloud offers',
      ),
    ]
  const problems = [
    ...answerProblems(exposure, expected, around.cloud),
    ...certificateProblems(exposure, host, around.cloud),
  ]
  return [
    ...own,
    ...problems.map((problem) =>
      say(`goes to ${host}:${port}, but ${problem}`, 'run npm run render, in one commit for edge and cloud'),
    ),
    ...authorityProblems(output, around).map((problem) =>
      say(problem, 'run npm run render: cloud.certificates decides', output.authority),
    ),
  ]
}

function nobodyThere({host, port, expected}: Output, all: readonly Exposure[]): string {
  // Only streams of Netdata may be taken without a name.
  const takes = (exposure: Exposure) => exposure.host === host || (exposure.host === '*' && expected === 'Netdata')
  const isKnown = all.some((exposure) => exposure.host === host)
  const named = isKnown ? all.filter(takes).map((exposure) => exposure.port) : []
  if (named.length > 0) return `goes to port ${port} of ${host}, where the cloud offers ${named.join(', ')}`
  const hosts = [...new Set(all.map((exposure) => exposure.host).filter((name) => name !== '*'))]
  return `goes to ${host}:${port}, which the cloud does not offer: it has ${hosts.join(', ')}`
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
