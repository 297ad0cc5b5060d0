import type {LayerDefinition, Site} from '../component.ts'
import type {Environment} from '../environment/schema.ts'
import type {OrderedLayer} from '../model/order.ts'
import {type RenderedFile, yamlBanner} from '../rendered-file.ts'
import type {Data} from '../yaml/data.ts'
import {printYaml} from '../yaml/print.ts'

/** One release of a cluster, as every engine needs it. */
export interface Release {
  definition: LayerDefinition
  /** Folder of its chart from the root of the repository. */
  chart: string
  dependsOn: OrderedLayer['dependsOn']
  /** How many releases must come one after the other before this one. */
  level: number
  /** Values files from the root of the repository, the later one winning. */
  valuesFiles: readonly string[]
}

/** A Secret that an engine reads, and that nobody renders. */
export interface EngineSecret {
  namespace: string
  name: string
  keys: readonly string[]
  /** The label by which the engine finds it. */
  label?: string
}

/** What reconciles the clusters: turns releases into the objects that stand in `clusters/`. */
export interface Engine {
  name: Environment['git']['engine']
  render: (site: Site, releases: readonly Release[]) => RenderedFile[]
  /** Credentials for the Git repository, in every cluster that reconciles itself. */
  gitSecrets: (name: string, environment: Environment) => readonly EngineSecret[]
  /** In the cloud cluster: access to an edge cluster that is reconciled from there. */
  remoteSecrets: (cluster: string, environment: Environment) => readonly EngineSecret[]
  /** The age key of a cluster, where what decrypts its Secrets looks for it. */
  ageSecret: (cluster: Site['cluster']) => EngineSecret
}

/** Objects of a cluster by the name of the file that they stand in. */
export type ObjectsByFile = Record<string, Data | readonly Data[]>

/** Folder of a cluster's objects; what the cluster watches. */
export function clusterFolder({name}: Environment, cluster: string): string {
  return `clusters/${name}/${cluster}`
}

/** Edge clusters that the cloud reconciles; only the cloud has any. */
export function remoteClusters({cluster, edgeClusters}: Site): readonly Site['cluster'][] {
  return cluster.role === 'cloud' ? edgeClusters.filter(({reconcile}) => reconcile === 'remote') : []
}

/** Files in the folder of a cluster. */
export function clusterFiles({environment, cluster}: Site, objects: ObjectsByFile): RenderedFile[] {
  const source = `environments/${environment.name}/environment.yaml`
  return Object.entries(objects).map(([name, content]) => {
    const documents = Array.isArray(content) ? content : [content]
    const text = documents.map((document) => printYaml(document as Data)).join('---\n')
    return {
      path: `${clusterFolder(environment, cluster.name)}/${name}`,
      content: yamlBanner(source) + text,
      documents,
    }
  })
}
