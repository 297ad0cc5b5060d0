import type {KubernetesObject, Layer} from '../component.ts'
import {nameOf, type Placed, type RenderedCluster} from '../tree/tree.ts'
import {dataOf, textWithin, within} from './facts/agents.ts'
import {about, clusterGate, type Finding} from './gate.ts'

export default clusterGate({
  name: 'order',
  rule: 'Every release waits for those that bring the definitions, namespaces, webhooks, addresses and issuers that it needs',
  reason:
    'A release that comes too early fails, or holds up all others for its time limit; Helm 4 sorts webhooks before custom resources and then calls a webhook that does not run yet.',
  source: 'metallb/metallb issue 3133; helm.sh/docs/chart_best_practices/custom_resource_definitions',
  check: (cluster) => {
    const releases = releasesOf(cluster)
    return [
      ...missingReleases(cluster, releases),
      ...cycles(cluster, releases),
      ...dependencies(cluster, releases),
      ...besideWebhooks(cluster),
      ...rootsOfWaves(cluster, releases),
      ...withoutWaiting(cluster, releases),
    ]
  },
})

/** A release as Flux or Argo CD has it. */
interface Release {
  placed: Placed
  layer: Layer
  /** Names of the HelmReleases that it waits for. */
  dependsOn: readonly string[]
  /** The wave that it comes in, for Argo CD. */
  wave: number | undefined
}

function releasesOf({engine, objects, charts}: RenderedCluster): Release[] {
  const known = new Set([...objects.flatMap(({layer}) => layer ?? []), ...charts.map(({layer}) => layer)])
  return engine.flatMap((placed): Release[] => {
    const {object} = placed
    const layer = [...known].find(
      (name) =>
        textWithin(object, 'spec', 'releaseName') === name ||
        textWithin(object, 'spec', 'source', 'helm', 'releaseName') === name,
    )
    if (!layer) return []
    const dependsOn = ((within(object, 'spec', 'dependsOn') ?? []) as {name: string}[]).map(({name}) => name)
    const wave = object.metadata.annotations?.['argocd.argoproj.io/sync-wave']
    return [{placed, layer, dependsOn, wave: object.kind === 'Application' ? Number(wave ?? 0) : undefined}]
  })
}

function missingReleases(cluster: RenderedCluster, releases: readonly Release[]): Finding[] {
  const wanted = new Map(cluster.objects.map((placed) => [placed.layer, placed]))
  const missing = [...wanted].filter(
    ([layer]) => layer !== undefined && releases.every((release) => release.layer !== layer),
  )
  const names = new Set(releases.map(({placed}) => placed.object.metadata.name))
  return [
    ...missing.map(([layer, placed]) =>
      about(placed, cluster, `No release installs ${layer}, which has ${nameOf(placed.object)}`, 'run npm run render'),
    ),
    ...releases.flatMap(({placed, dependsOn}) =>
      dependsOn
        .filter((name) => !names.has(name))
        .map((name) =>
          about(
            placed,
            cluster,
            `${nameOf(placed.object)} waits for ${name}, which nothing installs`,
            'run npm run render',
          ),
        ),
    ),
  ]
}

function cycles(cluster: RenderedCluster, releases: readonly Release[]): Finding[] {
  return releases
    .filter(({layer}) => earlierOf(layer, releases).has(layer))
    .map(({placed, dependsOn, layer}) => {
      const other = releases.find(
        (each) =>
          dependsOn.includes(each.placed.object.metadata.name) &&
          (each.layer === layer || earlierOf(each.layer, releases).has(layer)),
      )
      const message = `${nameOf(placed.object)} and ${other ? nameOf(other.placed.object) : 'others'} wait for each other`
      return about(placed, cluster, message, 'take one of the two out of dependsOn', 'dependsOn:')
    })
}

/** All layers that are there before one begins. */
function earlierOf(layer: string, releases: readonly Release[]): Set<string> {
  const own = releases.find((release) => release.layer === layer)
  if (own?.wave !== undefined) {
    const {wave} = own
    return new Set(releases.filter((release) => (release.wave ?? 0) < wave).map((release) => release.layer))
  }
  const earlier = new Set<string>()
  const waiting = [...(own?.dependsOn ?? [])]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const release = named(next, releases)
    if (!release || earlier.has(release.layer)) continue
    earlier.add(release.layer)
    waiting.push(...release.dependsOn)
  }
  return earlier
}

function named(name: string, releases: readonly Release[]): Release | undefined {
  return releases.find(({placed}) => placed.object.kind === 'HelmRelease' && placed.object.metadata.name === name)
}

/** Something that an object needs, and who brings it. */
interface Need {
  placed: Placed
  what: string
  bringer: {layer: Layer; name: string}
}

function dependencies(cluster: RenderedCluster, releases: readonly Release[]): Finding[] {
  const seen = new Set<string>()
  return needsOf(cluster).flatMap(({placed, what, bringer}) => {
    const {layer} = placed
    if (!layer || layer === bringer.layer || earlierOf(layer, releases).has(bringer.layer)) return []
    const key = `${layer} ${bringer.layer}`
    if (seen.has(key)) return []
    seen.add(key)
    const release = releases.find((each) => each.layer === layer)
    const message = `${nameOf(placed.object)} needs ${what}, which ${bringer.name} brings, and ${layer} does not wait for ${bringer.layer}`
    return [
      about(
        release?.placed ?? placed,
        cluster,
        message,
        `add ${bringer.layer} to what ${layer} waits for: npm run render does`,
      ),
    ]
  })
}

function needsOf(cluster: RenderedCluster): Need[] {
  const namespaces = cluster.objects.filter(({object}) => object.kind === 'Namespace')
  return [
    ...cluster.objects.flatMap((placed) => [
      ...definitionNeed(cluster, placed),
      ...namespaces.flatMap((namespace) => namespaceNeed(namespace, placed)),
      ...issuerNeed(cluster, placed),
    ]),
    ...addressNeed(cluster),
  ]
}

/** Custom resources need the chart that defines their group. */
function definitionNeed({charts}: RenderedCluster, placed: Placed): Need[] {
  const group = placed.object.apiVersion.split('/')[0] ?? ''
  const chart = charts.find(({component}) => component.apiGroups.includes(group))
  return chart
    ? [
        {
          placed,
          what: `the definition of ${placed.object.kind}`,
          bringer: {layer: chart.layer, name: `chart ${chart.component.chart.name}`},
        },
      ]
    : []
}

function namespaceNeed({object, layer}: Placed, placed: Placed): Need[] {
  if (placed.object.metadata.namespace !== object.metadata.name || !layer) return []
  return [{placed, what: `namespace ${object.metadata.name}`, bringer: {layer, name: nameOf(object)}}]
}

/** What asks for a certificate needs the issuer. */
function issuerNeed({objects}: RenderedCluster, placed: Placed): Need[] {
  const {object} = placed
  const asked =
    object.metadata.annotations?.['cert-manager.io/cluster-issuer'] ??
    (object.kind === 'Certificate' ? textWithin(object, 'spec', 'issuerRef', 'name') : '')
  const issuer = asked
    ? objects.find(({object: other}) => other.kind === 'ClusterIssuer' && other.metadata.name === asked)
    : undefined
  return issuer?.layer
    ? [{placed, what: `issuer ${asked}`, bringer: {layer: issuer.layer, name: nameOf(issuer.object)}}]
    : []
}

/** Helm's wait and Argo CD hold a release until its LoadBalancer has an address, so the pool must not come later. */
function addressNeed({objects, charts}: RenderedCluster): Need[] {
  const pool = objects.find(({object}) => object.kind === 'IPAddressPool')
  const ingress = charts.find(({component}) => component.loadBalancer)
  if (!pool?.layer || !ingress) return []
  const object: KubernetesObject = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {name: ingress.component.name, namespace: ingress.namespace},
  }
  const placed = {object, layer: ingress.layer, file: ingress.file}
  return [{placed, what: 'an address', bringer: {layer: pool.layer, name: nameOf(pool.object)}}]
}

function besideWebhooks(cluster: RenderedCluster): Finding[] {
  return cluster.objects.flatMap((placed) => {
    const group = placed.object.apiVersion.split('/')[0] ?? ''
    const chart = cluster.charts.find(
      ({component, layer}) => component.webhooks?.includes(group) && layer === placed.layer,
    )
    if (!chart) return []
    const message = `${nameOf(placed.object)} is in release ${placed.layer}, beside the webhook of chart ${chart.component.chart.name} that checks it`
    return [about(placed, cluster, message, 'move it into a later layer')]
  })
}

/**
 * An Application that applies a folder of Applications must come in the last wave: an earlier one would wait for what
 * it has not applied yet (gitops-engine pkg/sync/sync_context.go, "finalWave").
 */
function rootsOfWaves(cluster: RenderedCluster, releases: readonly Release[]): Finding[] {
  const last = Math.max(0, ...releases.map(({wave}) => wave ?? 0))
  return cluster.engine.flatMap((placed) => {
    const {object} = placed
    const isRoot = object.kind === 'Application' && textWithin(object, 'spec', 'source', 'path').startsWith('clusters/')
    const wave = Number(object.metadata.annotations?.['argocd.argoproj.io/sync-wave'] ?? 0)
    if (!isRoot || wave >= last) return []
    const message = `${nameOf(object)} is in wave ${wave} of ${last}, and would wait for what it has to apply itself`
    return [about(placed, cluster, message, `write wave ${last}: npm run render does`)]
  })
}

/** Being first means nothing where nobody waits for it to work. */
function withoutWaiting(cluster: RenderedCluster, releases: readonly Release[]): Finding[] {
  const isCloud = cluster.site.cluster.role === 'cloud'
  const hasted = releases.filter(
    ({placed}) =>
      isCloud && ['install', 'upgrade'].some((step) => within(placed.object, 'spec', step, 'disableWait') === true),
  )
  const waves = new Set(releases.flatMap(({wave}) => wave ?? []))
  const settings = cluster.engine.find(
    ({object}) => object.kind === 'ConfigMap' && object.metadata.name === 'argocd-cm',
  )
  const isTold = settings !== undefined && applicationHealth in dataOf(settings.object)
  const isOwn = cluster.site.cluster.reconcile === 'local'
  const [first] = releases
  return [
    ...hasted.map(({placed}) =>
      about(
        placed,
        cluster,
        `${nameOf(placed.object)} does not wait until what it installs works, and others count on it`,
        'write disableWait: false',
      ),
    ),
    ...(isOwn && waves.size > 1 && !isTold && first
      ? [
          about(
            settings ?? first.placed,
            cluster,
            'Waves of Applications do not wait: Argo CD is not told what health an Application has',
            'run npm run render: settings.yaml has it',
          ),
        ]
      : []),
  ]
}

/** Argo CD has none of its own for Applications since 1.8 (argo-cd.readthedocs.io, "Resource Health"). */
const applicationHealth = 'resource.customizations.health.argoproj.io_Application'
