import type {Api, LiveObject} from '../harness/api.ts'
import {base64, type ControlPlane} from '../harness/control-plane.ts'
import {addressOf} from './metallb.ts'

// Stand-ins for cert-manager, ECK and Traefik, whose images cannot be run here. Argo CD waits until they say that
// their resources are healthy (its resource_customizations), so this says it for them.

const healthy = {conditions: [{type: 'Ready', status: 'True', reason: 'StandIn', message: 'said by a stand-in'}]}
const green = {health: 'green', phase: 'Ready', availableNodes: 1}

const statuses = [
  {apiVersion: 'cert-manager.io/v1', kind: 'ClusterIssuer', status: healthy},
  {apiVersion: 'cert-manager.io/v1', kind: 'Certificate', status: healthy},
  {apiVersion: 'elasticsearch.k8s.elastic.co/v1', kind: 'Elasticsearch', status: green},
  {apiVersion: 'kibana.k8s.elastic.co/v1', kind: 'Kibana', status: {health: 'green', availableNodes: 1}},
]

/** Says of every resource of the operators that it is healthy; the operator of its kind must be there. */
export async function reportHealth(api: Api): Promise<void> {
  for (const {apiVersion, kind, status} of statuses) {
    for (const object of await api.list(apiVersion, kind)) await setStatus(api, object, status)
  }
}

/** Traefik writes the address of its Service into every Ingress (`publishedService`). */
export async function publishAddress(api: Api): Promise<void> {
  const service = {apiVersion: 'v1', kind: 'Service', namespace: 'cloud-platform', name: 'traefik'}
  const found = await api.get(service)
  const ip = found && addressOf(found)
  if (!ip) return
  for (const ingress of await api.list('networking.k8s.io/v1', 'Ingress')) {
    await setStatus(api, ingress, {loadBalancer: {ingress: [{ip}]}})
  }
}

async function setStatus(api: Api, object: LiveObject, status: Record<string, unknown>): Promise<void> {
  const {apiVersion, kind, metadata} = object
  const present = object.status ?? {}
  if (Object.keys(status).every((key) => JSON.stringify(present[key]) === JSON.stringify(status[key]))) return
  const generation = {observedGeneration: metadata.generation}
  const all = kind === 'Ingress' ? status : {...status, ...generation}
  const {name, namespace} = metadata
  const conditions = (all as {conditions?: object[]}).conditions?.map((condition) => ({...condition, ...generation}))
  await api.patch(
    {apiVersion, kind, name, namespace},
    {status: {...all, ...(conditions ? {conditions} : {})}},
    '/status',
  )
}

const webhook = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  name: 'eck-operator-webhook',
}

/** ECK puts its own authority in place of the placeholder of its chart. Gives back what it wrote. */
export async function writeWebhookAuthority({api, access}: ControlPlane): Promise<string> {
  const authority = base64(access.ca)
  const {webhooks = []} = (await api.get(webhook)) as LiveObject & {webhooks?: {clientConfig: object}[]}
  const changed = webhooks.map((one) => ({...one, clientConfig: {...one.clientConfig, caBundle: authority}}))
  await api.patch(webhook, {webhooks: changed})
  return authority
}

/** The authority in the webhook of ECK. */
export async function webhookAuthority({api}: ControlPlane): Promise<string | undefined> {
  const {webhooks = []} = (await api.get(webhook)) as LiveObject & {webhooks?: {clientConfig: {caBundle?: string}}[]}
  return webhooks[0]?.clientConfig.caBundle
}
