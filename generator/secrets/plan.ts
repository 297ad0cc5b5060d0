import {type LayerDefinition, roleOf, type SecretReference, type Site} from '../component.ts'
import {isEnabled} from '../model/values.ts'
import type {SecretKeys, SecretValue} from '../secret.ts'
import {layersOf} from '../values/values.ts'
import {type Bundle, idOf} from './bundle.ts'

/** A Secret that a cluster needs. */
export interface PlannedSecret {
  namespace: string
  name: string
  keys: SecretKeys
  /** What a person has to do after a rotation, beside merging it. */
  afterRotation: string | undefined
}

/** The Secrets that a cluster needs, in the order of its layers and components. */
export function plannedSecrets(site: Site, layers: readonly LayerDefinition[]): PlannedSecret[] {
  const secrets = layersOf(site, layers).flatMap(({components, namespace}) =>
    components
      .filter((component) => isEnabled(component, site))
      .flatMap(({secrets = []}) => secrets)
      .filter(({needed}) => needed?.(site) ?? true)
      .map((reference) => planned(reference, namespace)),
  )
  return [...new Map(secrets.map((secret) => [idOf(secret), secret])).values()]
}

/** Every Secret that a component of the cluster's role may need, as namespace/name, whether this cluster does or not. */
export function declaredSecrets({cluster}: Site, layers: readonly LayerDefinition[]): Set<string> {
  const own = layers.filter(({layer}) => roleOf(layer) === cluster.role)
  return new Set(
    own.flatMap(({components, namespace}) =>
      components.flatMap(({secrets = []}) => secrets.map((reference) => idOf(planned(reference, namespace)))),
    ),
  )
}

function planned({name, keys, namespace: own, afterRotation}: SecretReference, namespace: string): PlannedSecret {
  return {namespace: own ?? namespace, name, keys, afterRotation}
}

/** The keys with where their values come from; none where there is an entry per edge cluster. */
export function valuesOfKeys({keys}: PlannedSecret): [string, SecretValue][] {
  return typeof keys === 'string' ? [] : Object.entries(keys)
}

/** The parts of an identity or of an authority that Secrets hold, by their names. */
export function partsIn(
  planned: readonly PlannedSecret[],
  present: Bundle,
  kind: 'identity' | 'authority',
): Record<string, string> {
  const parts = planned.flatMap((secret) =>
    valuesOfKeys(secret).flatMap(([key, value]): [string, string][] => {
      const text = present.get(idOf(secret))?.values[key]
      return value.kind === kind && text !== undefined ? [[value.part, text]] : []
    }),
  )
  return Object.fromEntries(parts)
}

/** Whether a Secret holds a value of this kind. */
export function holds(secret: PlannedSecret, kind: SecretValue['kind'], part?: string): boolean {
  return valuesOfKeys(secret).some(
    ([, value]) => value.kind === kind && (part === undefined || ('part' in value && value.part === part)),
  )
}
