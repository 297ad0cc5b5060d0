import {readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import type {KubernetesObject, Site} from '../../../generator/component.ts'
import {clusterPrograms} from '../../../generator/verify/cluster-programs.ts'
import {downloadModule} from '../../../generator/verify/go-module.ts'
import type {ControlPlane} from './control-plane.ts'
import {freePort} from './ports.ts'
import {type Running, startProgram} from './processes.ts'
import {program} from './programs.ts'

/** What kwok does with nodes and pods: they become ready at once, and jobs end. */
const stages = [
  'node/fast/node-initialize.yaml',
  'node/heartbeat-with-lease/node-heartbeat-with-lease.yaml',
  'pod/fast/pod-ready.yaml',
  'pod/fast/pod-complete.yaml',
  'pod/fast/pod-delete.yaml',
]

/** Plays the machines of a cluster: kwok says of every pod that is scheduled that it runs. */
export async function startKwok({name, folder, kubeconfigFile}: ControlPlane): Promise<Running> {
  const {module, version} = clusterPrograms.kwok
  const {Dir} = await downloadModule(module, version)
  const config = join(folder, 'kwok.yaml')
  const content = stages.map((stage) => readFileSync(join(Dir, 'kustomize/stage', stage), 'utf8')).join('\n---\n')
  writeFileSync(config, content)
  const port = await freePort()
  const args = [
    `--kubeconfig=${kubeconfigFile}`,
    '--manage-all-nodes=true',
    `--config=${config}`,
    `--server-address=127.0.0.1:${port}`,
    '--node-lease-duration-seconds=40',
  ]
  const healthy = async () => (await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined))?.ok ?? false
  const logs = join(folder, '..')
  return startProgram({name: `${name}-kwok`, file: program('kwok'), args, logs}, healthy)
}

/** The node as k3s registers it, with its true architecture and size. */
export function nodeObject(node: Site['cluster']['nodes'][number], index: number): KubernetesObject {
  const capacity = {cpu: String(node.cpu), memory: node.memory, pods: '110', 'ephemeral-storage': node.disk}
  const address = node.address ?? `127.0.1.${index + 1}`
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: node.name,
      labels: {
        'kubernetes.io/arch': node.arch,
        'kubernetes.io/hostname': node.name,
        'kubernetes.io/os': 'linux',
        ...node.labels,
      },
    },
    status: {
      capacity,
      allocatable: capacity,
      addresses: [{type: 'InternalIP', address}],
      nodeInfo: {architecture: node.arch, operatingSystem: 'linux'},
    },
  } as KubernetesObject
}
