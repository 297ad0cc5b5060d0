import {readFileSync} from 'node:fs'
import {parseAllDocuments} from 'yaml'
import type {KubernetesObject} from '../../../generator/component.ts'

/** The objects of a YAML file. */
export function readObjects(file: string): KubernetesObject[] {
  return parseObjects(readFileSync(file, 'utf8'))
}

/** The objects of a stream of YAML documents, read as Kubernetes reads it. */
export function parseObjects(yaml: string): KubernetesObject[] {
  return parseAllDocuments(yaml, {uniqueKeys: false, version: '1.1'})
    .map((document) => document.toJS() as KubernetesObject | null)
    .filter((object) => object !== null)
}

/** A Secret as a person makes it. */
export function secretObject(
  namespace: string,
  name: string,
  stringData: Record<string, string>,
  labels: Record<string, string> = {},
): KubernetesObject {
  return {apiVersion: 'v1', kind: 'Secret', metadata: {name, namespace, labels}, stringData} as KubernetesObject
}
