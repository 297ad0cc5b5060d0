import type {Component, KubernetesObject, Layer, LayerDefinition, Role} from '../component.ts'
import {roleOf} from '../component.ts'
import {objectsOf} from './objects.ts'
import {defaultValuesOf} from './values.ts'

/** Something that a release brings or needs: an API group, a namespace or an endpoint. */
interface Thing {
  kind: 'API group' | 'namespace' | 'endpoint' | 'address pool'
  name: string
  /** Who brings or needs it, such as `component metallb`. */
  by: string
}

export interface OrderedLayer {
  layer: Layer
  dependsOn: readonly Layer[]
}

/**
 * The layers of a role in an order in which every release finds what it needs, worked out from what the rendered
 * objects define and use. Throws where a layer holds a custom resource beside the webhook that checks it (Helm 4
 * installs webhooks first: metallb/metallb issue 3133), and where layers need each other.
 */
export function orderLayers(definitions: readonly LayerDefinition[], role: Role): OrderedLayer[] {
  const layers = definitions.filter(({layer}) => roleOf(layer) === role)
  const facts = layers.map((definition) => factsOf(definition))
  const edges = facts.map((fact) => ({layer: fact.layer, dependsOn: dependencies(fact, facts)}))
  return sorted(edges, facts)
}

interface Facts {
  layer: Layer
  brings: readonly Thing[]
  needs: readonly Thing[]
}

function factsOf(definition: LayerDefinition): Facts {
  const {layer, components, namespace} = definition
  refuseWebhookBesideResource(definition)
  return {
    layer,
    brings: components.flatMap(broughtBy),
    needs: [{kind: 'namespace', name: namespace, by: `layer ${layer}`}, ...components.flatMap(neededBy)],
  }
}

function broughtBy(component: Component): Thing[] {
  const by = `component ${component.name}`
  const endpoints = Object.keys(component.provides?.(anySite) ?? {})
  return [
    ...endpoints.map((name): Thing => ({kind: 'endpoint', name, by})),
    ...(component.kind === 'upstream' ? component.apiGroups : []).map((name): Thing => ({kind: 'API group', name, by})),
    ...defaultObjects(component).flatMap((object) => definedBy(object, by)),
  ]
}

function definedBy({kind, metadata}: KubernetesObject, by: string): Thing[] {
  if (kind === 'Namespace') return [{kind: 'namespace', name: metadata.name, by}]
  return kind === 'IPAddressPool' ? [{kind: 'address pool', name: addressPool, by}] : []
}

function neededBy(component: Component): Thing[] {
  const by = `component ${component.name}`
  const groups = new Set(defaultObjects(component).map(({apiVersion}) => groupOf(apiVersion)))
  return [
    ...[...groups].filter(isCustom).map((name): Thing => ({kind: 'API group', name, by})),
    ...(needsAddress(component) ? [{kind: 'address pool', name: addressPool, by} as const] : []),
    ...(component.requires ?? []).map((name): Thing => ({kind: 'endpoint', name, by})),
  ]
}

/** Any pool will do: MetalLB gives addresses of all of them. */
const addressPool = 'of MetalLB'

/**
 * Helm's wait and Argo CD hold a release until its LoadBalancer Services have an address, so the pool must not be in a
 * later one.
 */
function needsAddress(component: Component): boolean {
  if (component.kind === 'upstream') return component.loadBalancer ?? false
  return defaultObjects(component).some(
    (object) => Reflect.get(Reflect.get(object, 'spec') ?? {}, 'type') === 'LoadBalancer',
  )
}

function dependencies(fact: Facts, facts: readonly Facts[]): Layer[] {
  return facts
    .filter((other) => other !== fact && fact.needs.some((need) => other.brings.some((thing) => isSame(thing, need))))
    .map(({layer}) => layer)
}

function sorted(edges: readonly OrderedLayer[], facts: readonly Facts[]): OrderedLayer[] {
  const done: OrderedLayer[] = []
  let waiting = [...edges]
  while (waiting.length > 0) {
    const ready = waiting.filter((edge) => edge.dependsOn.every((name) => done.some(({layer}) => layer === name)))
    if (ready.length === 0) throw new TypeError(cycleMessage(waiting, facts))
    done.push(...ready)
    waiting = waiting.filter((edge) => !ready.includes(edge))
  }
  return done
}

function cycleMessage(waiting: readonly OrderedLayer[], facts: readonly Facts[]): string {
  const isWaiting = (name: Layer) => waiting.some(({layer}) => layer === name)
  const reasons = waiting.flatMap(({layer, dependsOn}) =>
    dependsOn.filter(isWaiting).map((other) => {
      const needs = facts.find((fact) => fact.layer === layer)?.needs ?? []
      const brings = facts.find((fact) => fact.layer === other)?.brings ?? []
      const need = needs.find((thing) => brings.some((brought) => isSame(brought, thing)))
      const provider = brings.find((thing) => need && isSame(thing, need))
      return `${need?.by} in ${layer} needs ${need?.kind} ${need?.name} of ${provider?.by} in ${other}`
    }),
  )
  return `Cannot order the layers, they need each other: ${reasons.join('; ')}`
}

function refuseWebhookBesideResource({layer, components}: LayerDefinition): void {
  for (const checker of components) {
    const groups = checker.kind === 'upstream' ? (checker.webhooks ?? []) : []
    for (const component of components) {
      const object = defaultObjects(component).find(({apiVersion}) => groups.includes(groupOf(apiVersion)))
      if (!object) continue
      throw new TypeError(
        `Cannot put ${object.kind} ${object.metadata.name} of component ${component.name} into ${layer}: the webhook ` +
          `of component ${checker.name} in the same release checks it before it runs`,
      )
    }
  }
}

function defaultObjects(component: Component) {
  return component.kind === 'own' ? objectsOf(component, defaultValuesOf(component)) : []
}

function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : ''
}

/** Groups of Kubernetes itself have no dot, or end in .k8s.io without a company in front. */
function isCustom(group: string): boolean {
  return group.includes('.') && !/^[a-z.]+\.k8s\.io$/.test(group)
}

function isSame(a: Thing, b: Thing): boolean {
  return a.kind === b.kind && a.name === b.name
}

/** Which endpoints a component provides does not depend on the cluster; only their addresses do. */
const anySite = {hostname: (service: string) => service} as Parameters<NonNullable<Component['provides']>>[0]
