import type {Snapshot} from './checks.ts'

interface Content {
  uid?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
  spec?: Record<string, unknown>
  data?: Record<string, string>
}

/** Labels and annotations by which Helm, Flux and Argo CD know what is theirs. */
const marks = /(^|\.)(helm\.sh|toolkit\.fluxcd\.io|argoproj\.io)\/|^app\.kubernetes\.io\/managed-by$/
/** What the cluster itself hands out. */
const handedOut = ['clusterIP', 'clusterIPs', 'healthCheckNodePort', 'ports', 'volumeName']
/** The namespace in which Flux keeps the access to a remote edge cluster, and Argo CD what it finds anyway. */
const ofEngine = /^(Namespace edge-|ConfigMap argocd\/|Secret (argocd|edge-[^/]+|flux-system)\/)/

/** Objects of a cluster without what tells which engine put them there. */
export function comparable(objects: Snapshot): Record<string, unknown> {
  const entries = [...objects].filter(([name]) => !ofEngine.test(name))
  return Object.fromEntries(
    entries.map(([name, content]) => [name, withoutMarks(JSON.parse(withoutSecrets(name, content)))]).sort(),
  )
}

/** Passwords are others in each environment; that they are what was encrypted is for another check. */
function withoutSecrets(name: string, content: string): string {
  const text = content.replace(/(secret-revision\\?":\\?")[r0-9a-f.]*/g, '$1')
  if (!name.startsWith('Secret ')) return text
  const {data = {}, metadata, annotations, ...rest} = JSON.parse(text) as Content & {metadata?: object}
  const decrypted = annotations && 'revision' in annotations
  return decrypted ? JSON.stringify({...rest, keys: Object.keys(data)}) : text
}

function withoutMarks({uid: _uid, labels, annotations, spec, data, ...others}: Content): object {
  const rest = {...others, ...(data?.values ? {values: withoutNulls(data.values)} : {data})}
  const isService = spec && 'clusterIP' in spec
  const kept = isService ? Object.entries(spec).filter(([key]) => !handedOut.includes(key)) : Object.entries(spec ?? {})
  return {labels: unmarked(labels), annotations: unmarked(annotations), spec: Object.fromEntries(kept), ...rest}
}

/** What a stand-in says it got. Helm 4.2, inside Flux, drops defaults that are null; 4.3, under Argo CD, keeps them. */
function withoutNulls(values: string): unknown {
  return JSON.parse(values, (_key, value) => value ?? undefined)
}

function unmarked(all: Record<string, string> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(all).filter(([key]) => !marks.test(key)))
}
