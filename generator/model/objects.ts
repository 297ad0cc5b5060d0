import type {KubernetesObject, OwnComponent, Values} from '../component.ts'

/** The objects of an own component as they will be in the cluster, for these values; undefined entries are gone. */
export function objectsOf(component: OwnComponent, values: Values): KubernetesObject[] {
  const {images, ...value} = values
  const context = {value, images: images as Record<string, string>}
  return component.objects(context).filter((object) => object !== undefined)
}
