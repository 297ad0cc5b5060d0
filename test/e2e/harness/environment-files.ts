import type {Site} from '../../../generator/component.ts'
import {layerDefinitions} from '../../../generator/components/index.ts'
import {findEnvironments} from '../../../generator/environment/find.ts'
import {readEnvironment} from '../../../generator/environment/read.ts'
import type {Release} from '../../../generator/gitops/engine.ts'
import {releasesOf} from '../../../generator/gitops/releases.ts'
import {orderLayers} from '../../../generator/model/order.ts'
import {cloudName, sitesOf} from '../../../generator/model/sites.ts'

const order = {cloud: orderLayers(layerDefinitions, 'cloud'), edge: orderLayers(layerDefinitions, 'edge')}

/** The clusters of the one environment in a folder. */
export function sitesIn(folder: string): Site[] {
  return findEnvironments(folder, []).flatMap((file) => {
    const read = readEnvironment(file, layerDefinitions, [])
    return read ? sitesOf(read.environment, layerDefinitions) : []
  })
}

/** The releases of a cluster, in their order. */
export function releasesIn(site: Site): Release[] {
  return releasesOf(site, layerDefinitions, order[site.cluster.role])
}

/** A cluster and, where it is the cloud, the edge clusters that it reconciles. */
export function servedBy(cluster: string, sites: readonly Site[]): Site[] {
  return sites.filter((site) => {
    const isRemote = site.cluster.reconcile === 'remote'
    return site.cluster.name === cluster ? !isRemote : isRemote && cluster === cloudName
  })
}
