import test from 'ava'
import {layerDefinitions} from '../../generator/components/index.ts'
import type {Finding, Gate, GateRun, Surroundings} from '../../generator/gates/gate.ts'
import {gates} from '../../generator/gates/index.ts'
import {look} from '../../generator/gates/verify.ts'
import {readImageLock} from '../../generator/model/image-lock.ts'
import {renderRepository} from '../../generator/pipeline.ts'
import {TreeFiles} from '../../generator/tree/files.ts'
import {readCluster} from '../../generator/tree/read-cluster.ts'
import type {RenderedCluster} from '../../generator/tree/tree.ts'
import {root} from '../support/paths.ts'
import {hasUpstreamData} from '../support/upstream.ts'
import {type Copy, type Mutation, mutationsOf} from './support/mutations.ts'
import {randomFrom} from './support/random.ts'

// Faults in what is rendered, not in what renders: each is found by what the objects say, or it is not found.

const wanted = 1000
const seed = 20261124

/** Faults that do no harm, by what they did, with the reason. */
const harmless: readonly (readonly [what: RegExp, reason: string])[] = [
  [
    /\/cloud: (no pullPolicy|pullPolicy Always|another interval|no bound of scratch space)/,
    'the cloud has its uplink and its registries; the rule is for edges',
  ],
  [/: privileged: /, 'more rights than a program needs, within what its namespace allows: it runs all the same'],
  [
    /another name of an object: (DaemonSet|Deployment|CronJob|Ingress|NetworkPolicy|\w+Binding|Certificate|L2Advertisement|Application|HelmRelease|Kustomization)/,
    'nobody calls it by its name',
  ],
  [/substitution by Flux/, 'nothing that it applies has variables; what charts make does not pass through it'],
  [/another label of pods: CronJob elasticsearch-retention/, 'nobody selects its pods'],
  [/another name of a Secret: (Chart grafana|Ingress \S+) at (ingress|spec)\.tls/, 'cert-manager makes it by any name'],
  [/a range is shifted: ConfigMap smarter-cni at data.GW/, 'another address of the same network'],
  [
    /a release waits for one less: HelmRelease (cloud-observability at .*\.0|edge-demo at .*\.[01])$/,
    'it waits for the same through another one; the demo needs the agents only once it runs',
  ],
]

interface Subject {
  cluster: RenderedCluster
  environment: readonly RenderedCluster[]
  around: Surroundings
}

interface Mutant {
  subject: Subject
  mutation: Mutation
}

test('verify finds more than 95 of 100 random faults in the committed environments', async (t) => {
  if (!hasUpstreamData(t)) return
  const subjects = await subjectsOf()
  const mutants = chosen(subjects)
  t.true(mutants.length >= 300)
  // Render is not what is tested here, and takes a process for each.
  const all = gates({layers: layerDefinitions, digest: () => '', again: async () => ''}).filter(
    ({name}) => name !== 'determinism',
  )
  const found = await foundBy(mutants, all)
  const survivors = mutants
    .filter((_, index) => found[index]?.length === 0)
    .map(
      ({mutation, subject}) =>
        `${subject.around.read.environment.name}/${subject.cluster.site.cluster.name}: ${mutation.kind}: ${mutation.what}`,
    )
  const excused = survivors.filter((text) => harmless.some(([pattern]) => pattern.test(text)))
  const harmful = mutants.length - excused.length
  const share = (mutants.length - survivors.length) / harmful
  t.log(
    `${mutants.length} faults of ${new Set(mutants.map(({mutation}) => mutation.kind)).size} kinds: ${(((mutants.length - survivors.length) / mutants.length) * 100).toFixed(1)} % found; of ${harmful} that do harm ${(share * 100).toFixed(1)} %`,
  )
  for (const {name} of all)
    t.log(
      `${name}: finds ${found.filter((names) => names.includes(name)).length}, alone ${found.filter((names) => names.length === 1 && names[0] === name).length}`,
    )
  for (const text of survivors) t.log(`not found${excused.includes(text) ? ', does no harm' : ''}: ${text}`)
  t.true(share > 0.95)
})

async function subjectsOf(): Promise<Subject[]> {
  const rendered = renderRepository(root, layerDefinitions)
  const files = new TreeFiles(root, rendered.files)
  const images = readImageLock(root)
  const subjects: Subject[] = []
  for (const {read, sites} of rendered.plans) {
    const environment: RenderedCluster[] = []
    for (const site of sites) environment.push(plain(await readCluster(files, site, layerDefinitions)))
    const [cloud] = environment
    if (cloud)
      subjects.push(...environment.map((cluster) => ({cluster, environment, around: {root, read, cloud, images}})))
  }
  return subjects
}

/** As it would be read from YAML: without what is undefined. */
function plain(cluster: RenderedCluster): RenderedCluster {
  const {objects, engine} = JSON.parse(JSON.stringify({objects: cluster.objects, engine: cluster.engine}))
  return {...cluster, objects, engine}
}

/** As many of each kind as there are, in turn, at random places. */
function chosen(subjects: readonly Subject[]): Mutant[] {
  const random = randomFrom(seed)
  const byKind = new Map<string, Mutant[]>()
  for (const subject of subjects) {
    for (const [kind, mutations] of mutationsOf(subject.cluster))
      byKind.set(kind, [...(byKind.get(kind) ?? []), ...mutations.map((mutation) => ({subject, mutation}))])
  }
  const picked: Mutant[] = []
  while (picked.length < wanted && byKind.size > 0) {
    for (const [kind, mutants] of byKind) {
      const [mutant] = mutants.splice(Math.floor(random() * mutants.length), 1)
      if (mutant && picked.length < wanted) picked.push(mutant)
      if (mutants.length === 0) byKind.delete(kind)
    }
  }
  return picked
}

/** The names of the gates that find each fault, and what is not there without it. */
async function foundBy(mutants: readonly Mutant[], all: readonly Gate[]): Promise<string[][]> {
  const before = new Map<readonly RenderedCluster[], Set<string>>()
  const found: string[][] = mutants.map(() => [])
  const schemas = all.find(({name}) => name === 'schemas')?.start(root) as GateRun
  for (const [index, {subject, mutation}] of mutants.entries()) {
    const {environment, around, cluster} = subject
    if (!before.has(environment))
      before.set(environment, new Set((await verified(environment, around, all)).map(textOf)))
    const copy = copyOf(cluster)
    mutation.apply(copy as unknown as Copy)
    const changed = environment.map((each) => (each === cluster ? copy : each))
    const findings = await verified(changed, {...around, cloud: changed[0] ?? copy}, all)
    found[index] = [
      ...new Set(findings.filter((finding) => !before.get(environment)?.has(textOf(finding))).map(({gate}) => gate)),
    ]
    schemas.cluster?.(
      {
        ...copy,
        objects: changedOnly(copy.objects, cluster.objects, index),
        engine: changedOnly(copy.engine, cluster.engine, index),
        charts: [],
      },
      around,
    )
  }
  for (const {file} of (await schemas.end?.()) ?? []) found[Number(file)]?.push('schemas')
  return found.map((names) => [...new Set(names)])
}

/** kubeconform looks at the changed objects of all mutants at once; the place of the mutant stands in for the file. */
function changedOnly(now: RenderedCluster['objects'], before: RenderedCluster['objects'], index: number) {
  const known = new Set(before.map(({object}) => JSON.stringify(object)))
  return now
    .filter(({object}) => !known.has(JSON.stringify(object)))
    .map(({object, ...place}) => ({
      ...place,
      file: String(index),
      object: {...object, metadata: {...object.metadata, uid: String(index)}},
    }))
}

async function verified(
  environment: readonly RenderedCluster[],
  around: Surroundings,
  all: readonly Gate[],
): Promise<(Finding & {gate: string})[]> {
  const findings: (Finding & {gate: string})[] = []
  for (const {name, start} of all) {
    const run = start(root)
    const own = environment.flatMap((cluster) => [...look(run, cluster, around)])
    const end = name === 'schemas' ? [] : ((await run.end?.()) ?? [])
    findings.push(...[...own, ...end].map((finding) => ({...finding, gate: name})))
  }
  return findings
}

function textOf({gate, cluster, message}: Finding & {gate: string}): string {
  return `${gate} ${cluster} ${message}`
}

function copyOf(cluster: RenderedCluster): RenderedCluster {
  const {objects, engine, lists} = JSON.parse(
    JSON.stringify({objects: cluster.objects, engine: cluster.engine, lists: cluster.lists}),
  )
  return {
    ...cluster,
    objects,
    engine,
    lists,
    charts: cluster.charts.map((chart) => ({...chart, values: JSON.parse(JSON.stringify(chart.values))})),
  }
}
