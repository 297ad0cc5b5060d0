import {Agent, request} from 'node:https'
import {setTimeout as pause} from 'node:timers/promises'
import type {KubernetesObject} from '../../../generator/component.ts'

/** An object as a cluster gives it back. */
export interface LiveObject extends KubernetesObject {
  metadata: KubernetesObject['metadata'] & {
    uid: string
    resourceVersion: string
    generation?: number
    deletionTimestamp?: string
    ownerReferences?: {kind: string; name: string}[]
  }
  spec?: Record<string, unknown>
  status?: Record<string, unknown>
}

interface Answer {
  status: number
  body: Record<string, unknown>
}

interface Resource {
  path: string
  kind: string
  namespaced: boolean
  verbs: string[]
}

interface ResourceList {
  resources: {name: string; kind: string; namespaced: boolean; verbs: string[]}[]
}

export interface Reference {
  apiVersion: string
  kind: string
  name: string
  namespace?: string | undefined
}

const mergePatch = 'application/merge-patch+json'
const applyPatch = 'application/apply-patch+yaml'

/** The API of one cluster: as much of a client as these tests need, because it must also ask for strict validation. */
export class Api {
  readonly #agent: Agent
  readonly #server: URL
  readonly #token: string
  #resources: Map<string, Resource> = new Map()

  constructor({server, ca, token}: {server: string; ca: string; token: string}) {
    this.#agent = new Agent({ca, keepAlive: true, maxSockets: 4})
    this.#server = new URL(server)
    this.#token = token
  }

  /** Whether the API server answers that it is ready. */
  async isReady(): Promise<boolean> {
    try {
      return (await this.#send('GET', '/readyz')).status === 200
    } catch {
      return false
    }
  }

  /** The object, or undefined where there is none, nor its kind. */
  async get({apiVersion, kind, name, namespace}: Reference): Promise<LiveObject | undefined> {
    const resource = await this.#find(apiVersion, kind)
    if (!resource) return undefined
    const {status, body} = await this.#send('GET', `${this.#collection(resource, namespace)}/${name}`)
    return status === 404 ? undefined : (this.#expect(status, body) as unknown as LiveObject)
  }

  /** All objects of a kind, in all namespaces or in one; none where the kind is unknown. */
  async list(apiVersion: string, kind: string, namespace?: string): Promise<LiveObject[]> {
    const resource = await this.#find(apiVersion, kind)
    return resource ? this.#listOf(resource, apiVersion, namespace) : []
  }

  /** All objects of all kinds that can be listed. */
  async listAll(): Promise<LiveObject[]> {
    this.#resources = await this.#discover()
    const lists = [...this.#resources].map(async ([key, resource]) => {
      if (!resource.verbs.includes('list')) return []
      return this.#listOf(resource, key.slice(0, key.lastIndexOf(' ')))
    })
    const byId = new Map((await Promise.all(lists)).flat().map((object) => [object.metadata.uid, object]))
    return [...byId.values()]
  }

  /** The objects with the namespace that they get where they name none. */
  async inNamespace(objects: readonly KubernetesObject[], namespace: string): Promise<KubernetesObject[]> {
    const placed = objects.map(async (object) => {
      const resource = await this.#find(object.apiVersion, object.kind)
      if (!resource?.namespaced || object.metadata.namespace) return object
      return {...object, metadata: {...object.metadata, namespace}}
    })
    return Promise.all(placed)
  }

  /** Server-side apply; with `dryRun` nothing is stored, and with it unknown fields are refused. */
  async apply(object: KubernetesObject, {dryRun = false, manager = 'e2e'} = {}): Promise<LiveObject> {
    const {apiVersion, kind, metadata} = object
    const resource = await this.#require(apiVersion, kind)
    const query = new URLSearchParams({fieldManager: manager, force: 'true', ...(dryRun ? strictDryRun : {})})
    const path = `${this.#collection(resource, metadata.namespace)}/${metadata.name}?${query}`
    const {status, body} = await this.#send('PATCH', path, object, applyPatch)
    return this.#expect(status, body) as unknown as LiveObject
  }

  /** Merges into an object, or into its status. */
  async patch(reference: Reference, change: object, subresource = ''): Promise<void> {
    const {apiVersion, kind, name, namespace} = reference
    const resource = await this.#require(apiVersion, kind)
    const path = `${this.#collection(resource, namespace)}/${name}${subresource}`
    const {status, body} = await this.#send('PATCH', path, change, mergePatch)
    this.#expect(status, body)
  }

  async delete({apiVersion, kind, name, namespace}: Reference): Promise<void> {
    const resource = await this.#find(apiVersion, kind)
    if (!resource) return
    const {status, body} = await this.#send('DELETE', `${this.#collection(resource, namespace)}/${name}`)
    if (status !== 404) this.#expect(status, body)
  }

  close(): void {
    this.#agent.destroy()
  }

  #collection({path}: Resource, namespace?: string): string {
    const slash = path.lastIndexOf('/')
    return namespace ? `${path.slice(0, slash)}/namespaces/${namespace}${path.slice(slash)}` : path
  }

  async #listOf(resource: Resource, apiVersion: string, namespace?: string): Promise<LiveObject[]> {
    const {status, body} = await this.#send('GET', this.#collection(resource, namespace))
    if (status === 404) return []
    const {items} = this.#expect(status, body) as unknown as {items: LiveObject[]}
    return items.map((item) => ({...item, apiVersion, kind: resource.kind}))
  }

  /** Kinds come and go with custom resource definitions, so an unknown one is looked up again. */
  async #find(apiVersion: string, kind: string): Promise<Resource | undefined> {
    const key = `${apiVersion} ${kind}`
    if (!this.#resources.has(key))
      this.#resources = new Map([...this.#resources, ...(await this.#discoverIn(apiVersion))])
    return this.#resources.get(key)
  }

  async #require(apiVersion: string, kind: string): Promise<Resource> {
    const resource = await this.#find(apiVersion, kind)
    if (!resource) throw new Error(`no matches for kind ${kind} in ${apiVersion}`)
    return resource
  }

  async #discover(): Promise<Map<string, Resource>> {
    const {status, body} = await this.#send('GET', '/apis')
    const {groups} = this.#expect(status, body) as unknown as {
      groups: {versions: {groupVersion: string}[]}[]
    }
    // Some kinds are not in the preferred version of their group. The preferred one comes first, so it is taken last.
    const newest = groups.flatMap(({versions}) => versions.map(({groupVersion}) => groupVersion).reverse())
    const versions = ['v1', ...newest]
    const found = await Promise.all(versions.map((version) => this.#discoverIn(version)))
    return new Map(found.flatMap((map) => [...map]))
  }

  async #discoverIn(apiVersion: string): Promise<Map<string, Resource>> {
    const base = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`
    const {status, body} = await this.#send('GET', base)
    if (status === 404) return new Map()
    const {resources} = this.#expect(status, body) as unknown as ResourceList
    return new Map(
      resources
        .filter(({name}) => !name.includes('/'))
        .map(({name, kind, namespaced, verbs}) => [
          `${apiVersion} ${kind}`,
          {path: `${base}/${name}`, kind, namespaced, verbs},
        ]),
    )
  }

  #expect(status: number, body: Record<string, unknown>): Record<string, unknown> {
    if (status >= 200 && status < 300) return body
    throw new Error(`${status} ${String(body.message ?? JSON.stringify(body))}`)
  }

  /** Asks again where the server is too busy to answer, as after a new definition (429, RFC 6585; 503, RFC 9110). */
  async #send(method: string, path: string, body?: object, type?: string): Promise<Answer> {
    for (;;) {
      const answer = await this.#sendOnce(method, path, body, type)
      if (answer.status !== 429 && answer.status !== 503) return answer
      await pause(500)
    }
  }

  #sendOnce(method: string, path: string, body?: object, type = 'application/json'): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const headers = {authorization: `Bearer ${this.#token}`, accept: 'application/json', 'content-type': type}
      const call = request(new URL(path, this.#server), {method, headers, agent: this.#agent}, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => resolve({status: response.statusCode ?? 0, body: parseBody(Buffer.concat(chunks))}))
      })
      call.on('error', reject)
      call.end(body ? JSON.stringify(body) : undefined)
    })
  }
}

const strictDryRun = {dryRun: 'All', fieldValidation: 'Strict'}

function parseBody(content: Buffer): Record<string, unknown> {
  try {
    return JSON.parse(content.toString()) as Record<string, unknown>
  } catch {
    return {message: content.toString()}
  }
}

/** Whether condition Ready is true for what the object says now. */
export function isReady({metadata, status}: LiveObject): boolean {
  const {conditions = [], observedGeneration} = (status ?? {}) as {
    conditions?: Condition[]
    observedGeneration?: number
  }
  const ready = conditions.find(({type}) => type === 'Ready')
  return ready?.status === 'True' && (observedGeneration ?? metadata.generation) === metadata.generation
}

/** What an object says about its state, in one line. */
export function stateOf({kind, metadata, status}: LiveObject): string {
  const {conditions = []} = (status ?? {}) as {conditions?: Condition[]}
  const texts = conditions.map(({type, status: value, message}) => `${type}=${value} ${message ?? ''}`.slice(0, 400))
  return `${kind} ${metadata.namespace ?? ''}/${metadata.name}: ${texts.join(' | ')}`
}

interface Condition {
  type: string
  status: string
  message?: string
}

export function nameOf({apiVersion, kind, metadata}: KubernetesObject): string {
  const group = apiVersion.includes('/') ? `.${apiVersion.split('/')[0]}` : ''
  return `${kind}${group} ${metadata.namespace ? `${metadata.namespace}/` : ''}${metadata.name}`
}
