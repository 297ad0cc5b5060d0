import type {ExecutionContext} from 'ava'
import type {KubernetesObject} from '../../../generator/component.ts'
import {layerDefinitions} from '../../../generator/components/index.ts'
import {objectsOf} from '../../../generator/model/objects.ts'
import {valuesOf} from '../../../generator/model/values.ts'
import {planRepository} from '../../../generator/pipeline.ts'
import {emptyFolder} from '../../e2e/harness/workspace.ts'
import {type SecretsRepository, secretsRepository} from '../../support/secrets.ts'

/** Environment factory with Secrets as the command makes them, and what is rendered for it. */
export interface System {
  repository: SecretsRepository
  /** Objects of a component in a cluster as they will be there. */
  objects: (cluster: string, component: string) => KubernetesObject[]
  /** Folder for data and logs; it stays for a look where a test fails. */
  folder: string
}

export async function startSystem(t: ExecutionContext, name: string): Promise<System> {
  const repository = await secretsRepository(t)
  await repository.made()
  const folder = emptyFolder(`identities/${name}`)
  return {
    repository,
    folder,
    objects: (cluster, component) => {
      const [plan] = planRepository(repository.folder, layerDefinitions, [])
      const site = plan?.sites.find((each) => each.cluster.name === cluster)
      const found = layerDefinitions.flatMap(({components}) => components).find((each) => each.name === component)
      if (!site || found?.kind !== 'own') throw new Error(`there is no ${component} in ${cluster}`)
      return objectsOf(found, valuesOf(found, site))
    },
  }
}

/** A file of a ConfigMap or Secret that is rendered. */
export function fileOf(objects: readonly KubernetesObject[], kind: 'ConfigMap' | 'Secret', file: string): string {
  for (const object of objects) {
    if (object.kind !== kind) continue
    const {data = {}, stringData = {}} = object as {data?: Record<string, string>; stringData?: Record<string, string>}
    const text = data[file] ?? stringData[file]
    if (text !== undefined) return text
  }
  throw new Error(`no ${kind} holds ${file}`)
}
