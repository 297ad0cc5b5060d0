import {createHash} from 'node:crypto'
import {existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {isTree} from '../model/merge.ts'
import {podsOf} from '../tree/pods.ts'
import {nameOf, type Placed, placeOf, type RenderedCluster, type UpstreamRelease} from '../tree/tree.ts'
import {run} from '../verify/run.ts'
import {schemaFolder, schemaLocation, writeCrdSchemas} from '../verify/schemas.ts'
import {findTool, tools} from '../verify/tools.ts'
import {upstreamFolder} from '../verify/upstream.ts'
import {type PodSecurityLevel, podSecurityLevels, refusals} from './facts/pod-security.ts'
import {about, type Finding, type Gate} from './gate.ts'

/** An object, as text, with its place: most clusters of a fleet share most of them. */
interface Seen {
  text: string
  place: Omit<Placed, 'object'> & {name: string; type: string}
  environment: string
  cluster: string
}

export default {
  name: 'schemas',
  rule: 'Every object is valid to the schema of its kind, none is skipped, pods are admitted where they go, and no API is on its way out',
  reason:
    'The API server drops unknown keys without a word or refuses the object in the middle of a release; a namespace refuses pods only when they are made.',
  source:
    'yannh/kubeconform issue 32 (964 of 964 objects skipped, exit status 0); kubernetes.io/docs/concepts/security/pod-security-admission',
  start: (root) => {
    const known = new Set<string>()
    const definitions = new Set<string>()
    const waiting: Seen[] = []
    const state: {incomplete?: string} = {}
    return {
      cluster: (cluster) => {
        for (const name of cluster.charts.flatMap(definitionsOf)) definitions.add(name)
        const all = [...cluster.objects, ...cluster.engine]
        for (const placed of all) {
          const text = JSON.stringify(placed.object)
          const digest = createHash('sha1').update(text).digest('base64')
          if (!known.has(digest)) waiting.push(seenIn(cluster, placed, text))
          known.add(digest)
        }
        return [...podSecurity(cluster), ...all.flatMap((placed) => deprecations(placed, cluster))]
      },
      end: async () => {
        const folders = await schemaFolders(root, [...definitions])
        if (typeof folders === 'string') state.incomplete = folders
        return typeof folders === 'string' ? [] : validateAll(waiting, folders)
      },
      incomplete: () => state.incomplete,
    }
  },
} satisfies Gate

interface Folders {
  kubeconform: string
  folders: readonly string[]
}

/** Where the definitions of charts are kept; a chart may keep them in a chart of their own, of the same version. */
function definitionsOf({component}: UpstreamRelease): string[] {
  const {name, version} = component.chart
  return component.apiGroups.length === 0 ? [] : [`${name}-${version}`]
}

function foldersOf(name: string): string[] {
  return [name, name.replace(/-(v?[0-9][^-]*)$/, '-crds-$1')]
}

/** What kubeconform needs, or why it cannot be had. */
async function schemaFolders(root: string, wanted: readonly string[]): Promise<Folders | string> {
  const kubeconform = await findTool(root, tools.kubeconform)
  const kubernetes = schemaFolder(root)
  if (!kubeconform || !existsSync(join(kubernetes, 'complete')))
    return 'kubeconform or the schemas of Kubernetes are missing: run npm run tools'
  const upstream = upstreamFolder(root)
  const filesOf = (name: string) => foldersOf(name).flatMap((folder) => definitionFiles(join(upstream, folder)))
  const names = [...wanted, 'argo-cd-crds']
  const missing = names.filter((name) => filesOf(name).length === 0)
  if (missing.length > 0) return `no definitions of ${missing.join(', ')}: run npm run upstream on a connected machine`
  const files = names.flatMap(filesOf)
  return {kubeconform, folders: [kubernetes, definitionsFolder(kubernetes, files)]}
}

function definitionFiles(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => /crds?\.yaml$/.test(name))
    .map((name) => join(folder, name))
    .sort()
}

/** Definitions are megabytes of YAML: read once for each set of files. */
function definitionsFolder(kubernetes: string, files: readonly string[]): string {
  const texts = files.map((file) => readFileSync(file, 'utf8'))
  const digest = createHash('sha256').update(texts.join('')).digest('hex').slice(0, 12)
  const folder = join(dirname(kubernetes), `schemas-upstream-${digest}`)
  if (existsSync(folder)) return folder
  mkdirSync(dirname(folder), {recursive: true})
  const temporary = mkdtempSync(`${folder}-`)
  try {
    for (const text of texts) writeCrdSchemas(temporary, text)
    if (!existsSync(folder)) renameSync(temporary, folder)
  } finally {
    rmSync(temporary, {recursive: true, force: true})
  }
  return folder
}

interface Result {
  name: string
  status: string
  msg: string
}

function seenIn({site}: RenderedCluster, {object, ...place}: Placed, text: string): Seen {
  const {apiVersion, kind, metadata} = object
  const name = metadata?.name === undefined ? `A ${kind} without a name` : nameOf(object)
  return {
    text,
    place: {...place, name, type: `${apiVersion} ${kind}`},
    environment: site.environment.name,
    cluster: site.cluster.name,
  }
}

/** As many objects as fit well into one text. */
const batch = 20_000

async function validateAll(all: readonly Seen[], folders: Folders): Promise<Finding[]> {
  const findings: Finding[] = []
  for (let start = 0; start < all.length; start += batch) {
    findings.push(...(await validate(all.slice(start, start + batch), folders)))
  }
  return findings
}

/** Objects go by number in place of their names, so that each answer finds its object. */
async function validate(all: readonly Seen[], {kubeconform, folders}: Folders): Promise<Finding[]> {
  const input = all.map(({text}, index) => {
    const object = JSON.parse(text) as {metadata?: object}
    return JSON.stringify({...object, metadata: {...object.metadata, name: `object-${index}`}})
  })
  const locations = folders.flatMap((folder) => ['-schema-location', join(folder, schemaLocation)])
  const args = ['-strict', '-summary', '-output', 'json', ...locations]
  const {stdout, stderr, exitCode} = await run(kubeconform, args, {input: input.join('\n---\n')})
  const answer = parseAnswer(stdout)
  if (!answer) throw new Error(`kubeconform ended with ${exitCode}: ${stderr.slice(0, 500)}`)
  const {valid, invalid, errors, skipped} = answer.summary
  const looked = valid + invalid + errors
  if (looked !== all.length || skipped > 0) throw new Error(`kubeconform looked at ${looked} of ${all.length} objects`)
  return [
    ...answer.resources.flatMap((result) => resultFindings(result, all)),
    ...all
      .filter(({place}) => place.name.endsWith(' without a name'))
      .map((seen) => finding(seen, seen.place.name, 'write metadata.name')),
  ]
}

function finding({place, environment, cluster}: Seen, message: string, fix: string, mark = ''): Finding {
  const {file, component, name} = place
  const marks = [mark, component ? `^${component}:` : `name: ${name.split('/').at(-1)}`].filter(Boolean)
  return {file, environment, cluster, message, fix, marks}
}

function parseAnswer(
  stdout: string,
): {resources: Result[]; summary: Record<'valid' | 'invalid' | 'errors' | 'skipped', number>} | undefined {
  try {
    return JSON.parse(stdout)
  } catch {
    return undefined
  }
}

function resultFindings({name, status, msg}: Result, all: readonly Seen[]): Finding[] {
  if (status === 'statusValid') return []
  const seen = all[Number(/^object-(\d+)$/.exec(name)?.[1] ?? Number.NaN)]
  if (!seen) throw new Error(`kubeconform says of ${name || 'something'}: ${msg}`)
  const {place} = seen
  if (/could not find schema/.test(msg)) {
    const fix = 'write a kind and an apiVersion that Kubernetes or a pinned chart has'
    return [finding(seen, `${place.name} is of ${place.type}, which nothing defines`, fix)]
  }
  const problem = msg
    .replace(/^problem validating schema\. Check JSON formatting: /, '')
    .replace(/jsonschema( validation failed with)? ?'?[^ ]*schema[^ ]*'? ?/g, '')
    .replace(/\s+/g, ' ')
    .replace(/^- /, '')
    .trim()
  const unknown = /additional propert\w+ '([^']+)'/.exec(msg)?.[1]
  const fix = 'write what the schema of the kind allows; kubectl explain shows it'
  return [finding(seen, `${place.name} is not valid: ${problem}`, fix, unknown && `${unknown}:`)]
}

const levelLabel = 'pod-security.kubernetes.io/enforce'

function podSecurity(cluster: RenderedCluster): Finding[] {
  const namespaces = [...cluster.objects, ...cluster.engine].filter(({object}) => object.kind === 'Namespace')
  const levels = new Map(namespaces.map(({object}) => [object.metadata.name, object.metadata.labels?.[levelLabel]]))
  const own = namespaces.flatMap((placed) => {
    const level = levels.get(placed.object.metadata.name)
    const isUsed = podsOf(cluster).some(({namespace}) => namespace === placed.object.metadata.name)
    if (!isUsed || podSecurityLevels.includes(level as PodSecurityLevel)) return []
    return [
      about(
        placed,
        cluster,
        `${nameOf(placed.object)} enforces ${level ? `"${level}", which is no level` : 'no level of pod security'}`,
        `label it ${levelLabel}: ${podSecurityLevels.join(', ')}`,
      ),
    ]
  })
  const order = (level: string | undefined) => podSecurityLevels.indexOf(level as PodSecurityLevel)
  const tooStrict = cluster.charts.flatMap((release) =>
    release.component.pods
      .filter(({podSecurity: needed}) => needed !== undefined && order(levels.get(release.namespace)) > order(needed))
      .map(({name, podSecurity: needed}) =>
        about(
          placeOf(release),
          cluster,
          `${name} of chart ${release.component.chart.name} needs ${needed}, and namespace ${release.namespace} enforces ${levels.get(release.namespace)}`,
          'raise podSecurity of the layer',
        ),
      ),
  )
  const refused = podsOf(cluster)
    .filter(({isOwn}) => isOwn)
    .flatMap((pods) => {
      const level = levels.get(pods.namespace)
      if (!podSecurityLevels.includes(level as PodSecurityLevel)) return []
      return refusals(pods.spec, level as PodSecurityLevel).map((reason) =>
        about(
          pods,
          cluster,
          `${pods.by}: ${reason}, and namespace ${pods.namespace} enforces ${level}`,
          'take it away, or raise podSecurity of the layer',
        ),
      )
    })
  return [...own, ...tooStrict, ...refused]
}

/** Deprecated though still served: descriptions in the OpenAPI of Kubernetes 1.37; what is gone has no schema at all. */
const deprecated: Readonly<Record<string, string>> = {
  'v1 Endpoints': 'Kubernetes 1.33: use discovery.k8s.io/v1 EndpointSlice',
  'v1 ComponentStatus': 'Kubernetes 1.19',
  'helm.toolkit.fluxcd.io/v2beta2 HelmRelease': 'Flux 2.3: use v2',
  'source.toolkit.fluxcd.io/v1beta2 GitRepository': 'Flux 2.0: use v1',
  'kustomize.toolkit.fluxcd.io/v1beta2 Kustomization': 'Flux 2.0: use v1',
}

function deprecations(placed: Placed, cluster: RenderedCluster): Finding[] {
  const {object} = placed
  const since = deprecated[`${object.apiVersion} ${object.kind}`]
  if (!since || !isTree(object)) return []
  return [
    about(
      placed,
      cluster,
      `${nameOf(object)} is of ${object.apiVersion}, deprecated since ${since}`,
      'write the version that follows it',
    ),
  ]
}
