import {existsSync} from 'node:fs'
import {join} from 'node:path'
import type {KubernetesObject, LayerDefinition} from '../component.ts'
import {readSealedFile, sealedPaths} from '../environment/sealed.ts'
import {isCredentialName} from '../issue/hide-secrets.ts'
import {patterns} from '../leaks/patterns.ts'
import {isClear} from '../leaks/yaml-leaks.ts'
import {isTree} from '../model/merge.ts'
import {oncePer} from '../tree/once.ts'
import {containersOf, podsOf} from '../tree/pods.ts'
import {nameOf, type Placed, placeOf, type RenderedCluster} from '../tree/tree.ts'
import {within} from './facts/agents.ts'
import {type SecretKeysByName, secretsIn} from './facts/secret-sources.ts'
import {filesBelow, textsOf} from './facts/texts.ts'
import {about, type Finding, type Gate} from './gate.ts'

/** The gate over the Secrets that components of these layers declare. */
export function secretsGate(layers: readonly LayerDefinition[]): Gate {
  return {
    name: 'secrets',
    rule: 'Every Secret that is named is made by somebody and has the keys that are asked for, and nothing secret is rendered',
    reason:
      'A pod that waits for a Secret or a key waits for ever; a value in a rendered object is in Git, and in every clone of it, for good.',
    source:
      'kubernetes.io/docs/concepts/configuration/secret, "Optional Secrets"; cwe.mitre.org/data/definitions/312.html',
    start: (root) => {
      const secretsOf = oncePer((cluster: RenderedCluster) => secretsIn(cluster, layers, sealedOf(cluster, root)))
      return {
        cluster: (cluster, around) => {
          const secrets = secretsOf(cluster)
          // What reconciles a remote edge cluster stands in the cloud, and so do the Secrets that it names.
          const beside = cluster.site.cluster.reconcile === 'remote' ? secretsOf(around.cloud) : secrets
          return [
            ...referencesOf(cluster).flatMap((reference) => unresolved(reference, secrets, cluster)),
            ...engineReferences(cluster).flatMap((reference) => unresolved(reference, beside, cluster)),
            ...openRepositories(cluster),
            ...missingFiles(cluster, secrets),
            ...[...cluster.objects, ...cluster.engine].flatMap((placed) => [
              ...clearSecret(placed, cluster),
              ...credentials(placed, placed.object, cluster),
            ]),
            ...cluster.charts.flatMap((release) => {
              const {values, component, namespace} = release
              const object = {
                apiVersion: 'values',
                kind: 'Values of chart',
                metadata: {name: component.chart.name, namespace},
              }
              return credentials({...placeOf(release), object}, values, cluster)
            }),
          ]
        },
      }
    },
  }
}

function sealedOf({site}: RenderedCluster, root: string) {
  const place = {root, environment: site.environment.name, cluster: site.cluster.name}
  const {secrets} = sealedPaths(place.environment, place.cluster)
  return existsSync(join(root, secrets)) ? readSealedFile(place, []) : undefined
}

/** A repository with credentials cannot be read without them. */
function openRepositories(cluster: RenderedCluster): Finding[] {
  const {secret} = cluster.site.environment.git
  const sources = cluster.engine.filter(({object}) => object.kind === 'GitRepository')
  if (!secret) return []
  return sources
    .filter(({object}) => within(object, 'spec', 'secretRef') === undefined)
    .map((placed) =>
      about(
        placed,
        cluster,
        `${nameOf(placed.object)} names no Secret, and git.secret is ${secret}`,
        'run npm run render',
      ),
    )
}

/** Files in the folder of a Secret that a configuration names. */
function missingFiles(cluster: RenderedCluster, secrets: SecretKeysByName): Finding[] {
  return podsOf(cluster).flatMap((pods) => {
    const text = textsOf(cluster, pods).join('\n')
    const mounts = containersOf(pods.spec).flatMap(({volumeMounts = []}) => volumeMounts)
    return (pods.spec.volumes ?? []).flatMap(({name, secret}) => {
      const keys = secrets.get(`${pods.namespace}/${secret?.secretName}`)
      if (!secret || !keys) return []
      const paths = mounts.filter((mount) => mount.name === name).map(({mountPath}) => mountPath)
      const lost = paths.flatMap((path) =>
        filesBelow(text, path)
          .filter((file) => !keys.has(file))
          .map((file) => `${path}/${file}`),
      )
      return [...new Set(lost)].map((path) =>
        about(
          pods,
          cluster,
          `${pods.by} names ${path}, and Secret ${secret.secretName} has ${[...keys].join(', ')}`,
          fix,
          path,
        ),
      )
    })
  })
}

interface Reference {
  placed: Omit<Placed, 'object'>
  by: string
  namespace: string
  name: string
  /** Undefined: all of it. */
  key?: string
  optional: boolean
}

/** Places where an object names a Secret, by the keys under which Kubernetes, Flux and the operators look for it. */
function referencesOf(cluster: RenderedCluster): Reference[] {
  const ofObjects = cluster.objects.flatMap((placed) => {
    const namespace =
      placed.object.kind === 'ClusterIssuer' ? 'cloud-operators' : (placed.object.metadata.namespace ?? '')
    return isMaker(placed.object)
      ? []
      : found(placed.object, {placed, by: nameOf(placed.object), namespace, optional: false})
  })
  const ofCharts = cluster.charts.flatMap((release) =>
    found(release.values, {
      placed: placeOf(release),
      by: `chart ${release.component.chart.name}`,
      namespace: release.namespace,
      optional: false,
    }),
  )
  return [...ofObjects, ...ofCharts]
}

function engineReferences({engine}: RenderedCluster): Reference[] {
  return engine.flatMap((placed) => {
    const {object} = placed
    return found(object, {placed, by: nameOf(object), namespace: object.metadata.namespace ?? '', optional: false})
  })
}

/** Their `secretName` is what they make. */
function isMaker({kind}: KubernetesObject): boolean {
  return kind === 'Certificate' || kind === 'Ingress'
}

type Base = Omit<Reference, 'name' | 'key'>

function found(node: unknown, base: Base): Reference[] {
  if (Array.isArray(node)) return node.flatMap((each) => found(each, base))
  if (!isTree(node)) return []
  const optional = node.optional === true
  return Object.entries(node).flatMap(([key, value]): Reference[] => {
    const name = nameIn(key, value)
    if (name !== undefined) return named(node, key, value, name, {...base, optional})
    return key === 'ingress' && base.by.startsWith('chart ') ? [] : found(value, base)
  })
}

/** Keys whose value is the name of a Secret, or a map with its name. */
const names = new Set(['secretName', 'existingSecret'])
const maps = new Set(['secretKeyRef', 'secretRef', 'basicAuth'])

function nameIn(key: string, value: unknown): string | undefined {
  if (names.has(key) && typeof value === 'string') return value
  if (maps.has(key) && isTree(value)) return String(value.name ?? value.secret ?? '')
  return key === 'secret' && typeof value === 'string' ? value : undefined
}

function named(node: Record<string, unknown>, key: string, value: unknown, name: string, base: Base): Reference[] {
  const own = {...base, name}
  const optional = base.optional || within(value, 'optional') === true
  const asked = isTree(value) && typeof value.key === 'string' ? [value.key] : []
  const items = ((node.items ?? []) as {key: string}[]).map((item) => item.key)
  const ofChart = ['userKey', 'passwordKey'].flatMap((each) =>
    key === 'existingSecret' && typeof node[each] === 'string' ? [String(node[each])] : [],
  )
  const keys = [...asked, ...items, ...ofChart]
  return keys.length === 0 ? [{...own, optional}] : keys.map((each) => ({...own, key: each, optional}))
}

function unresolved(
  {placed, by, namespace, name, key, optional}: Reference,
  secrets: SecretKeysByName,
  cluster: RenderedCluster,
): Finding[] {
  const secret = `${namespace}/${name}`
  if (!secrets.has(secret)) {
    const isNeeded = !optional || optionalButNeeded(name, cluster)
    return isNeeded ? [about(placed, cluster, `${by} names Secret ${secret}, which nothing makes`, fix, name)] : []
  }
  const keys = secrets.get(secret)
  if (key === undefined || keys === undefined || keys.has(key)) return []
  return [about(placed, cluster, `${by} reads ${key} of Secret ${secret}, which has ${[...keys].join(', ')}`, fix, key)]
}

/** With a public authority the Secret with that of the environment is not there, and need not be. */
function optionalButNeeded(name: string, {site}: RenderedCluster): boolean {
  return name !== 'cloud-authority' || site.environment.cloud.certificates.issuer !== 'acme'
}

const fix = 'declare it in secrets of the component, and run npm run secrets; or write a name and a key that are there'

/** ECK takes roles from a Secret only; they are for everybody to review. */
const harmless = new Set(['roles.yml'])

function clearSecret(placed: Placed, cluster: RenderedCluster): Finding[] {
  const {object} = placed
  if (object.kind !== 'Secret') return []
  const keys = ['data', 'stringData'].flatMap((section) => Object.keys((within(object, section) ?? {}) as object))
  const [first] = keys.filter((key) => !harmless.has(key))
  if (first === undefined) return []
  const message = `${nameOf(object)} is rendered with a value for ${first}, which everybody who sees the repository can read`
  return [about(placed, cluster, message, 'let npm run secrets make it: declare it in secrets of the component')]
}

/** Never shows the value: what is printed here is read by more people than the file. */
function credentials(placed: Placed, node: unknown, cluster: RenderedCluster, path: readonly string[] = []): Finding[] {
  if (placed.object.kind === 'Secret') return []
  if (Array.isArray(node))
    return node.flatMap((each, index) => credentials(placed, each, cluster, [...path, String(index)]))
  if (isTree(node)) {
    const pair =
      typeof node.name === 'string' &&
      isCredentialName(node.name) &&
      typeof node.value === 'string' &&
      isClear(node.name, node.value)
    const own = pair ? [leak(placed, cluster, [...path, String(node.name)])] : []
    return [
      ...own,
      ...Object.entries(node).flatMap(([key, value]) =>
        isLeak(key, value)
          ? [leak(placed, cluster, [...path, key])]
          : credentials(placed, value, cluster, [...path, key]),
      ),
    ]
  }
  if (typeof node !== 'string') return []
  const matched = patterns.some(({pattern}) => node.search(pattern) >= 0) || /:\/\/[^:@/\s]+:[^@/\s$]+@/.test(node)
  return matched || lineLeak(node) ? [leak(placed, cluster, path)] : []
}

function isLeak(key: string, value: unknown): boolean {
  return (
    typeof value === 'string' &&
    isCredentialName(key) &&
    isClear(key, value) &&
    !/[Kk]ey$/.test(key) &&
    !value.startsWith('@')
  )
}

/** Lines of configuration such as `password = hunter2`; `@KEY@` is put in at the start. */
function lineLeak(text: string): boolean {
  if (!text.includes('\n')) return false
  return text.split('\n').some((line) => {
    const [, key = '', value = ''] =
      /^\s*["']?([A-Za-z][A-Za-z0-9_. -]*?)["']?\s*[:=]\s*["']?([^"'\s#,]+)/.exec(line) ?? []
    return isCredentialName(key) && isClear(key, value) && !/^(@|\/|'|\$|"|%)/.test(value)
  })
}

function leak(placed: Placed, cluster: RenderedCluster, path: readonly string[]): Finding {
  const message = `${nameOf(placed.object)} has at ${path.join('.')} what looks like a credential`
  return about(
    placed,
    cluster,
    message,
    'take it out: npm run secrets makes credentials, and pods read them from Secrets',
  )
}
