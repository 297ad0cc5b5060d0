import type {LayerDefinition, Site} from '../component.ts'
import type {OrderedLayer} from '../model/order.ts'
import type {RenderedFile} from '../rendered-file.ts'

/** One release of a cluster, as every engine needs it. */
export interface Release {
  definition: LayerDefinition
  dependsOn: OrderedLayer['dependsOn']
  /** Values files from the root of the repository, the later one winning. */
  valuesFiles: readonly string[]
}

/** What reconciles the clusters: turns releases into the objects that stand in `clusters/`. */
export interface Engine {
  name: 'flux' | 'argo'
  render: (site: Site, releases: readonly Release[]) => RenderedFile[]
}

/** Folder of a cluster's objects; what the cluster watches. */
export function clusterFolder({environment, cluster}: Site): string {
  return `clusters/${environment.name}/${cluster.name}`
}
