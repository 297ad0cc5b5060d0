import {createHash} from 'node:crypto'
import {existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {isTree} from '../model/merge.ts'
import {podsOf} from '../tree/pods.ts'
import {nameOf, type Placed, placeOf, type RenderedCluster} from '../tree/tree.ts'
import {run} from '../verify/run.ts'
import {schemaFolder, schemaLocation, writeCrdSchemas} from '../verify/schemas.ts'
import {findTool, tools} from '../verify/tools.ts'
import {upstreamFolder} from '../verify/upstream.ts'
import {type PodSecurityLevel, podSecurityLevels, refusals} from './facts/pod-security.ts'
import {about, type Finding, type Gate} from './gate.ts'

/** An object with the first cluster that has it: most clusters of a fleet share most of them. */
interface Seen {
  placed: Placed
  cluster: RenderedCluster
}

export default {
  name: 'schemas',
  rule: 'Every object is valid to the schema of its kind, none is skipped, pods are admitted where they go, and no API is on its way out',
  reason:
    'The API server drops unknown keys without a word or refuses the object in the middle of a release; a namespace refuses pods only when they are made.',
  source:
    'yannh/kubeconform issue 32 (964 of 964 objects skipped, exit status 0); kubernetes.io/docs/concepts/security/pod-security-admission',
  start: (root) => {
    const seen = new Map<string, Seen>()
    const state: {incomplete?: string} = {}
    return {
      cluster: (cluster) => {
        for (const placed of [...cluster.objects, ...cluster.engine]) {
          const content = JSON.stringify(placed.object)
          if (!seen.has(content)) seen.set(content, {placed, cluster})
        }
        return [
          ...podSecurity(cluster),
          ...[...cluster.objects, ...cluster.engine].flatMap((placed) => deprecations(placed, cluster)),
        ]
      },
      end: async () => {
        const folders = await schemaFolders(root)
        if (typeof folders === 'string') state.incomplete = folders
        return typeof folders === 'string' ? [] : validate(seen, folders)
      },
      incomplete: () => state.incomplete,
    }
  },
} satisfies Gate

interface Folders {
  kubeconform: string
  folders: readonly string[]
}

/** What kubeconform needs, or why it cannot be had. */
async function schemaFolders(root: string): Promise<Folders | string> {
  const kubeconform = await findTool(root, tools.kubeconform)
  const kubernetes = schemaFolder(root)
  if (!kubeconform || !existsSync(join(kubernetes, 'complete')))
    return 'kubeconform or the schemas of Kubernetes are missing: run npm run tools'
  const files = definitionFiles(upstreamFolder(root))
  const missing = ['metallb', 'cert-manager', 'eck-operator-crds', 'traefik', 'argo-cd'].filter(
    (chart) => !files.some((file) => file.includes(`/${chart}-`)),
  )
  if (missing.length > 0) return `no definitions of ${missing.join(', ')}: run npm run upstream on a connected machine`
  return {kubeconform, folders: [kubernetes, definitionsFolder(kubernetes, files)]}
}

function definitionFiles(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .flatMap((name) => readdirSync(join(folder, name)).map((file) => join(folder, name, file)))
    .filter((path) => /crds?\.yaml$/.test(path))
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

/** Objects go by number in place of their names, so that each answer finds its object. */
async function validate(seen: ReadonlyMap<string, Seen>, {kubeconform, folders}: Folders): Promise<Finding[]> {
  const all = [...seen.values()]
  if (all.length === 0) return []
  const nameless = all.filter(({placed}) => typeof placed.object.metadata?.name !== 'string')
  const documents = all.map(({placed: {object}}, index) =>
    JSON.stringify({...object, metadata: {...object.metadata, name: `object-${index}`}}),
  )
  const locations = folders.flatMap((folder) => ['-schema-location', join(folder, schemaLocation)])
  const {stdout, stderr, exitCode} = await run(kubeconform, ['-strict', '-summary', '-output', 'json', ...locations], {
    input: documents.join('\n---\n'),
  })
  const answer = parseAnswer(stdout)
  if (!answer) throw new Error(`kubeconform ended with ${exitCode}: ${stderr.slice(0, 500)}`)
  const {summary, resources} = answer
  const counted = summary.valid + summary.invalid + summary.errors + summary.skipped
  if (counted !== all.length || summary.skipped > 0)
    throw new Error(`kubeconform looked at ${counted - summary.skipped} of ${all.length} objects`)
  return [
    ...resources.flatMap((result) => resultFindings(result, all)),
    ...nameless.map(({placed, cluster}) =>
      about(placed, cluster, `A ${placed.object.kind} has no name`, 'write metadata.name'),
    ),
  ]
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
  const found = all[Number(/^object-(\d+)$/.exec(name)?.[1] ?? 0)]
  if (!found || status === 'statusValid') return []
  const {placed, cluster} = found
  const {object} = placed
  if (/could not find schema/.test(msg)) {
    return [
      about(
        placed,
        cluster,
        `${nameOf(object)} is of ${object.apiVersion} ${object.kind}, which nothing defines`,
        'write a kind and an apiVersion that Kubernetes or a pinned chart has',
      ),
    ]
  }
  const problem = msg
    .replace(/^problem validating schema\. Check JSON formatting: /, '')
    .replace(/jsonschema( validation failed with)? ?'?[^ ]*schema[^ ]*'? ?/g, '')
    .replace(/\s+/g, ' ')
    .replace(/^- /, '')
    .trim()
  const unknown = /additional propert\w+ '([^']+)'/.exec(msg)?.[1]
  const message = `${nameOf(object)} is not valid: ${problem}`
  return [
    about(
      placed,
      cluster,
      message,
      'write what the schema of the kind allows; kubectl explain shows it',
      unknown && `${unknown}:`,
    ),
  ]
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
