import type {Placed, RenderedCluster} from '../../../generator/tree/tree.ts'

// Plausible faults: what a merge, a hand edit, a version bump or a bug in a component would do to what is rendered.

/** A fault at one place of one cluster. */
export interface Mutation {
  kind: string
  /** What was done and where, for a person. */
  what: string
  /** Changes a copy of the cluster. */
  apply: (cluster: Copy) => void
}

/** A cluster that may be changed. */
export interface Copy {
  objects: Placed[]
  engine: Placed[]
  charts: {values: Record<string, unknown>; component: {name: string}}[]
  lists: {file: string; resources: string[]}[]
}

type Node = Record<string, unknown> | unknown[]
type Path = readonly (string | number)[]

interface Site {
  where: 'objects' | 'engine' | 'charts'
  index: number
  path: Path
  value: unknown
  name: string
}

/** A kind of fault: whether it can be done at a place, and what the value becomes there; undefined removes it. */
interface Operator {
  kind: string
  at: (site: Site) => boolean
  value: (site: Site) => unknown
}

const key = ({path}: Site) => String(path.at(-1))
const isText = ({value}: Site) => typeof value === 'string'
const text = ({value}: Site) => String(value)
const inPod = ({path}: Site) => path.includes('template') && path.includes('spec')
const kindOf = ({name}: Site) => name.split(' ')[0] ?? ''

/** A change of a text of configuration, where it makes a difference. */
function inConfig(kind: string, from: RegExp, to: string): Operator {
  return {
    kind,
    at: (site) =>
      site.where === 'objects' &&
      kindOf(site) === 'ConfigMap' &&
      site.path[0] === 'data' &&
      isText(site) &&
      from.test(text(site)),
    value: (site) => text(site).replace(from, to),
  }
}

function dropped(kind: string, at: Operator['at']): Operator {
  return {kind, at, value: () => undefined}
}

/** Two letters changed places; where that changes nothing, one more. */
function letters(word: string): string {
  const swapped = word.slice(0, 2) + word.charAt(3) + word.charAt(2) + word.slice(4)
  return word.length < 4 || swapped === word ? `${word}x` : swapped
}

const operators: readonly Operator[] = [
  {
    kind: 'another port',
    at: (site) => typeof site.value === 'number' && /port$/i.test(key(site)) && site.where !== 'charts',
    value: ({value}) => Number(value) + 1,
  },
  {
    kind: 'another port of a backend',
    at: (site) => key(site) === 'number' && typeof site.value === 'number',
    value: ({value}) => Number(value) + 1,
  },
  {
    kind: 'another name of a port',
    at: (site) => key(site) === 'targetPort' && isText(site),
    value: (site) => letters(text(site)),
  },
  {
    kind: 'another port of a probe',
    at: (site) => key(site) === 'port' && site.path.some((step) => /Probe$/.test(String(step))),
    value: ({value}) => (typeof value === 'number' ? value + 1 : letters(String(value))),
  },
  dropped('a volume is gone', (site) => inPod(site) && site.path.at(-2) === 'volumes'),
  dropped('a mount is gone', (site) => site.path.at(-2) === 'volumeMounts'),
  {
    kind: 'a volume on the node becomes memory',
    at: (site) => key(site) === 'hostPath' && typeof site.value === 'object',
    value: () => undefined,
  },
  {
    kind: 'another name of a Secret',
    at: (site) =>
      isText(site) &&
      (key(site) === 'secretName' ||
        (key(site) === 'name' && ['secretKeyRef', 'secretRef'].includes(String(site.path.at(-2))))),
    value: (site) => letters(text(site)),
  },
  {
    kind: 'another key of a Secret',
    at: (site) => key(site) === 'key' && site.path.at(-2) === 'secretKeyRef',
    value: (site) => letters(text(site)),
  },
  {
    kind: 'another name of a ConfigMap',
    at: (site) =>
      isText(site) && key(site) === 'name' && ['configMap', 'configMapRef'].includes(String(site.path.at(-2))),
    value: (site) => `${text(site)}-2`,
  },
  {
    kind: 'a tag that is not there',
    at: (site) => key(site) === 'image' && isText(site),
    value: (site) => text(site).replace(/:[^:/]*$/, ':v0.0.1'),
  },
  {
    kind: 'latest',
    at: (site) => key(site) === 'image' && isText(site),
    value: (site) => text(site).replace(/:[^:/]*$/, ':latest'),
  },
  {
    kind: 'an image of another registry',
    at: (site) => key(site) === 'image' && isText(site),
    value: (site) => text(site).replace(/^[^/]*/, 'docker.example.com'),
  },
  {
    kind: 'an image that lacks an architecture',
    at: (site) => key(site) === 'image' && isText(site) && /netdata|fluent-bit|collector/.test(text(site)),
    value: (site) => text(site).replace(/[^/]*\/[^/]*\/[^/]*$/, 'library/influxdb:1.12.4-alpine'),
  },
  dropped('a release waits for one less', (site) => site.where === 'engine' && site.path.at(-2) === 'dependsOn'),
  {
    kind: 'a release waits for another',
    at: (site) => site.where === 'engine' && key(site) === 'name' && site.path.at(-3) === 'dependsOn',
    value: (site) => letters(text(site)),
  },
  {
    kind: 'another wave',
    at: (site) =>
      kindOf(site) === 'Application' && key(site) === 'argocd.argoproj.io/sync-wave' && Number(site.value) > 0,
    value: () => '0',
  },
  {
    kind: 'a range is shifted',
    at: (site) => isText(site) && /^\d+\.\d+\.\d+\.\d+([/-].*)?$/.test(text(site)),
    value: (site) =>
      text(site)
        .replace(/^(\d+\.\d+)\.(\d+)/, (_, start, third) => `${start}.${(Number(third) + 7) % 256}`)
        .replace(/-(\d+\.\d+)\.(\d+)/, (_, start, third) => `-${start}.${(Number(third) + 7) % 256}`),
  },
  {
    kind: 'a typo in a field',
    at: ({path, where, value}) =>
      where !== 'charts' &&
      path.length > 1 &&
      typeof path.at(-1) === 'string' &&
      ['spec', 'roleRef'].includes(String(path[0])) &&
      value !== undefined &&
      !isFree(path),
    value: () => undefined,
  },
  {
    kind: 'a typo in a value of a chart',
    at: ({where, path}) => where === 'charts' && path.length > 0 && typeof path.at(-1) === 'string' && !isFree(path),
    value: () => undefined,
  },
  {
    kind: 'another name of an object',
    at: (site) =>
      site.where !== 'charts' && site.path.length === 2 && site.path[0] === 'metadata' && key(site) === 'name',
    value: (site) => `${text(site)}-2`,
  },
  {
    kind: 'another namespace',
    at: (site) =>
      site.where === 'objects' && site.path.length === 2 && site.path[0] === 'metadata' && key(site) === 'namespace',
    value: (site) => letters(text(site)),
  },
  {
    kind: 'another kind',
    at: (site) => site.where !== 'charts' && site.path.length === 1 && key(site) === 'kind',
    value: (site) => letters(text(site)),
  },
  {
    kind: 'another API version',
    at: (site) => site.where !== 'charts' && site.path.length === 1 && key(site) === 'apiVersion',
    value: (site) => `${text(site)}beta1`,
  },
  dropped('no requests and limits', (site) => inPod(site) && key(site) === 'resources'),
  {
    kind: 'a hundred times the memory',
    at: (site) => site.path.at(-2) === 'requests' && key(site) === 'memory' && isText(site),
    value: (site) => text(site).replace(/\d+/, (amount) => String(Number(amount) * 100)),
  },
  {kind: 'pullPolicy Always', at: (site) => key(site) === 'imagePullPolicy', value: () => 'Always'},
  dropped('no pullPolicy', (site) => key(site) === 'imagePullPolicy'),
  {
    kind: 'another service account',
    at: (site) => key(site) === 'serviceAccountName',
    value: (site) => letters(text(site)),
  },
  {
    kind: 'another label of pods',
    at: (site) => key(site) === 'app.kubernetes.io/name' && inPod(site),
    value: (site) => letters(text(site)),
  },
  {
    kind: 'another label that is selected',
    at: (site) =>
      key(site) === 'app.kubernetes.io/name' && (site.path.includes('selector') || site.path.includes('podSelector')),
    value: (site) => letters(text(site)),
  },
  {kind: 'privileged', at: (site) => key(site) === 'allowPrivilegeEscalation', value: () => true},
  dropped('a variable is gone', (site) => site.path.at(-2) === 'env' && inPod(site)),
  {
    kind: 'another role',
    at: (site) => site.path[0] === 'roleRef' && key(site) === 'name',
    value: (site) => letters(text(site)),
  },
  {
    kind: 'another subject',
    at: (site) => site.path[0] === 'subjects' && key(site) === 'name',
    value: (site) => letters(text(site)),
  },
  {
    kind: 'a certificate for another name',
    at: (site) => site.path.at(-2) === 'dnsNames' || (site.path.includes('tls') && site.path.at(-2) === 'hosts'),
    value: (site) => `www.${text(site)}`,
  },
  {
    kind: 'another host of an ingress',
    at: (site) => key(site) === 'host' && kindOf(site) === 'Ingress',
    value: (site) => `www.${text(site)}`,
  },
  {
    kind: 'another issuer',
    at: (site) =>
      key(site) === 'cert-manager.io/cluster-issuer' || (key(site) === 'name' && site.path.at(-2) === 'issuerRef'),
    value: (site) => letters(text(site)),
  },
  {
    kind: 'a route for another name',
    at: (site) => key(site) === 'match',
    value: (site) => text(site).replace(/`(.)/, '`x$1').replace('`x*`', '`x.example.com`'),
  },
  {kind: 'another entry point', at: (site) => site.path.at(-2) === 'entryPoints', value: (site) => letters(text(site))},
  {
    kind: 'another middleware',
    at: (site) => key(site) === 'traefik.ingress.kubernetes.io/router.middlewares',
    value: (site) => text(site).replace('@', '-2@'),
  },
  {
    kind: 'another interval',
    at: (site) => kindOf(site) === 'GitRepository' && key(site) === 'interval',
    value: () => '10s',
  },
  {
    kind: 'another folder',
    at: (site) => site.where === 'engine' && (key(site) === 'path' || (key(site) === 'chart' && isText(site))),
    value: (site) => `${text(site)}s`,
  },
  {
    kind: 'values of another cluster',
    at: (site) =>
      site.where === 'engine' &&
      ['valuesFiles', 'valueFiles'].includes(String(site.path.at(-2))) &&
      text(site).includes('environments/'),
    value: (site) => text(site).replace(/rendered\/[^/]+\//, 'rendered/another/'),
  },
  {
    kind: 'another source',
    at: (site) => site.where === 'engine' && key(site) === 'name' && site.path.at(-2) === 'sourceRef',
    value: (site) => letters(text(site)),
  },
  {
    kind: 'another place of a release',
    at: (site) => site.where === 'engine' && ['targetNamespace', 'storageNamespace'].includes(key(site)),
    value: (site) => letters(text(site)),
  },
  {
    kind: 'another repository',
    at: (site) => ['url', 'repoURL'].includes(key(site)) && site.where === 'engine',
    value: (site) => text(site).replace('smarter', 'smatrer'),
  },
  {
    kind: 'another branch',
    at: (site) => ['branch', 'targetRevision'].includes(key(site)) && site.where === 'engine',
    value: () => 'master',
  },
  {
    kind: 'a lower pod security level',
    at: (site) => key(site) === 'pod-security.kubernetes.io/enforce',
    value: ({value}) => (value === 'privileged' ? 'baseline' : 'restrictde'),
  },
  {kind: 'no way for what is updated', at: (site) => key(site) === 'maxUnavailable', value: () => 1},
  {kind: 'no bound of scratch space', at: (site) => key(site) === 'sizeLimit', value: () => undefined},
  {kind: 'DNS of the cluster', at: (site) => key(site) === 'dnsPolicy', value: () => 'ClusterFirstWithHostNet'},
  {
    kind: 'the role of another edge',
    at: (site) => kindOf(site) === 'Secret' && key(site) === 'roles.yml',
    value: (site) => text(site).replace(/edge-([a-z0-9-]+): /, 'edge-another: '),
  },
  {
    kind: 'less of a role',
    at: (site) => kindOf(site) === 'Secret' && key(site) === 'roles.yml',
    value: (site) => text(site).replace(/"create_doc"/, '"read"'),
  },
  {
    kind: 'another image of a chart',
    at: (site) => site.where === 'charts' && key(site) === 'tag',
    value: () => 'v0.0.1',
  },
  {
    kind: 'another registry of a chart',
    at: (site) => site.where === 'charts' && key(site) === 'repository',
    value: (site) => `mirror.example.org/${text(site)}`,
  },
  {
    kind: 'another type of value',
    at: (site) => site.where === 'charts' && typeof site.value === 'boolean' && !isFree(site.path),
    value: ({value}) => (value ? 'yes' : 'no'),
  },
  {
    kind: 'another address of the ingress',
    at: (site) => key(site) === 'metallb.io/loadBalancerIPs',
    value: () => '10.255.0.1',
  },
  {
    kind: 'another Elasticsearch',
    at: (site) => site.path.at(-2) === 'elasticsearchRef',
    value: (site) => letters(text(site)),
  },
  {kind: 'another pool', at: (site) => site.path.at(-2) === 'ipAddressPools', value: (site) => letters(text(site))},
  {
    kind: 'a password in clear text',
    at: (site) => site.path.at(-2) === 'env' && inPod(site),
    value: () => ({name: 'ADMIN_PASSWORD', value: 'correct-horse-battery'}),
  },
  {
    kind: 'substitution by Flux',
    at: (site) =>
      kindOf(site) === 'Kustomization' && site.path.length === 1 && key(site) === 'spec' && site.where === 'engine',
    value: ({value}) => ({...(value as object), postBuild: {substitute: {cluster: 'one'}}}),
  },
  {
    kind: 'a deprecated version',
    at: (site) => kindOf(site) === 'HelmRelease' && key(site) === 'apiVersion' && site.path.length === 1,
    value: () => 'helm.toolkit.fluxcd.io/v2beta2',
  },
  inConfig('another host', /(host: "|endpoint: "|destination = tcp:)([a-z])/, '$1x$2'),
  inConfig('another port in a configuration', /(:|port: )(443|19999|4317|12003|6831|8086|4242|9200)\b/, '$14000'),
  inConfig('no TLS of logs', /tls: "on"/, 'tls: "off"'),
  inConfig('no look at the certificate', /tls\.verify: "on"/, 'tls.verify: "off"'),
  inConfig('no TLS of metrics', /:SSL$/m, ''),
  inConfig(
    'no look at the certificate of the parent',
    /ssl skip certificate verification = no/,
    'ssl skip certificate verification = yes',
  ),
  inConfig('another authority', /(ca_file: "|CAfile = )\/authority\/ca\.crt/, '$1/etc/ssl/certs/ca-certificates.crt'),
  inConfig('another client certificate', /\/identity\/tls\.crt/, '/indentity/tls.crt'),
  inConfig('logs in memory', /storage\.type: "filesystem"/, 'storage.type: "memory"'),
  inConfig('logs without a bound', / *storage\.total_limit_size: .*\n/, ''),
  inConfig('a small buffer of logs', /storage\.total_limit_size: "\d+M"/, 'storage.total_limit_size: "16M"'),
  inConfig('a delivery is given up', /retry_limit: "no_limits"/, 'retry_limit: 5'),
  inConfig('a checksum of chunks', /storage\.checksum: "off"/, 'storage.checksum: "on"'),
  inConfig('chunks are not written through', /storage\.sync: "full"/, 'storage.sync: "normal"'),
  inConfig('logs without ids', / *id_key: .*\n/, ''),
  inConfig('offsets ahead', /db\.sync: "normal"/, 'db.sync: "full"'),
  inConfig('the logs of another cluster', /logstash_prefix: "logstash-/, 'logstash_prefix: "logstash-other-'),
  inConfig('a queue in memory', / *storage: "?file_storage\/\w+"?\n/, ''),
  inConfig('a queue that is not written through', /fsync: true/, 'fsync: false'),
  inConfig('a damaged queue stays', /recreate: true/, 'recreate: false'),
  inConfig('a file without a bound', / *max_size: \d{6,}\n/, ''),
  inConfig('a queue larger than its file', /queue_size: (\d+)/, 'queue_size: 9$1'),
  inConfig('a small queue', /queue_size: \d+/, 'queue_size: 1048576'),
  inConfig('a retry that ends', /max_elapsed_time: 0/, 'max_elapsed_time: "300s"'),
  inConfig('metrics in memory', /db = dbengine/, 'db = ram'),
  inConfig('few metrics on disk', /retention size = \d+MiB/, 'retention size = 32MiB'),
  inConfig('another place of a queue', /directory: "\/state\//, 'directory: "/var/cache/'),
  inConfig('another variable', /\$\{(env:)?([A-Z_]{4,})\}/, '$${$1$2X}'),
  inConfig('another database', /db: "?opentsdb"?/, 'db: "metrics"'),
  inConfig('another network of the bridge', /^172\.39\.0\.1$/, '172.40.0.1'),
  inConfig('a stream that takes no TLS', /streaming\^SSL=force/, 'streaming^SSL=optional'),
  inConfig('any client of the gateway', / *client_ca_file: .*\n/, ''),
]

/** Below these anything may stand: labels, variables, files and options that nobody lists. */
function isFree(path: Path): boolean {
  const free = [
    'labels',
    'annotations',
    'matchLabels',
    'nodeSelector',
    'data',
    'stringData',
    'selector',
    'config',
    'values',
    'datasources',
    'dashboardProviders',
    'grafana.ini',
    'requests',
    'limits',
    'envValueFrom',
    'dashboardsConfigMaps',
    'settings',
    'conversion',
    'ignoreDifferences',
  ]
  return path.slice(0, -1).some((step) => free.includes(String(step)))
}

/** What goes or comes as a whole. */
function wholes(cluster: RenderedCluster): Mutation[] {
  const removals = (['objects', 'engine'] as const).flatMap((where) =>
    cluster[where].map(
      ({object}, index): Mutation => ({
        kind: 'an object is gone',
        what: `without ${object.kind} ${object.metadata.name}`,
        apply: (copy) => copy[where].splice(index, 1),
      }),
    ),
  )
  const additions: Mutation[] = [
    {
      kind: 'a Secret in clear text',
      what: 'with Secret observability/mine',
      apply: ({objects}) => {
        const [first] = objects
        if (first)
          objects.push({
            ...first,
            object: {
              apiVersion: 'v1',
              kind: 'Secret',
              metadata: {name: 'mine', namespace: 'observability'},
              stringData: {password: 'hunter2'},
            } as never,
          })
      },
    },
    {
      kind: 'a repository of charts',
      what: 'with HelmRepository flux-system/charts',
      apply: ({engine}) => {
        const [first] = engine
        if (first)
          engine.push({
            ...first,
            object: {
              apiVersion: 'source.toolkit.fluxcd.io/v1',
              kind: 'HelmRepository',
              metadata: {name: 'charts', namespace: 'flux-system'},
              spec: {url: 'https://charts.example.com', interval: '1h'},
            } as never,
          })
      },
    },
  ]
  const unlisted = cluster.lists.flatMap(({file, resources}, list) =>
    file.endsWith('/secrets/kustomization.yaml')
      ? []
      : resources.map(
          (name, index): Mutation => ({
            kind: 'a file that is not listed',
            what: `${file} without ${name}`,
            apply: ({lists}) => lists[list]?.resources.splice(index, 1),
          }),
        ),
  )
  const isEdge = cluster.site.cluster.role === 'edge'
  return [...removals, ...(isEdge ? additions : additions.slice(0, 1)), ...unlisted]
}

/** All faults that can be done to a cluster, by kind. */
export function mutationsOf(cluster: RenderedCluster): Map<string, Mutation[]> {
  const sites = [...sitesOf(cluster)]
  const byKind = new Map<string, Mutation[]>()
  const add = (mutation: Mutation) => byKind.set(mutation.kind, [...(byKind.get(mutation.kind) ?? []), mutation])
  for (const operator of operators) {
    for (const site of sites.filter(operator.at)) {
      const value = operator.value(site)
      if (value !== site.value) add(mutationAt(operator, site, value))
    }
  }
  for (const mutation of wholes(cluster)) add(mutation)
  return byKind
}

function mutationAt({kind}: Operator, site: Site, value: unknown): Mutation {
  const {where, index, path, name} = site
  const shown = typeof value === 'string' && value.length < 60 ? `: ${value}` : ''
  const isTypo = kind.startsWith('a typo')
  return {
    kind,
    what: `${name} at ${path.join('.')}${shown}`,
    apply: (copy) => {
      const target = (where === 'charts' ? copy.charts[index]?.values : copy[where][index]?.object) as Node
      if (isTypo) misspell(target, path)
      else put(target, path, value)
    },
  }
}

function* sitesOf(cluster: RenderedCluster): Iterable<Site> {
  for (const where of ['objects', 'engine'] as const) {
    for (const [index, {object}] of cluster[where].entries()) {
      yield* below(object, [], {where, index, name: `${object.kind} ${object.metadata.name}`})
    }
  }
  for (const [index, {values, component}] of cluster.charts.entries())
    yield* below(values, [], {where: 'charts', index, name: `Chart ${component.name}`})
}

function* below(node: unknown, path: Path, base: Omit<Site, 'path' | 'value'>): Iterable<Site> {
  if (path.length > 0) yield {...base, path, value: node}
  if (typeof node !== 'object' || node === null) return
  for (const [step, value] of Object.entries(node))
    yield* below(value, [...path, Array.isArray(node) ? Number(step) : step], base)
}

function parentOf(root: Node, path: Path): Node {
  return path.slice(0, -1).reduce<unknown>((node, step) => Reflect.get(node as object, step), root) as Node
}

function put(root: Node, path: Path, value: unknown): void {
  const parent = parentOf(root, path)
  const last = path.at(-1) as string | number
  if (value === undefined && Array.isArray(parent)) parent.splice(Number(last), 1)
  else if (value === undefined) Reflect.deleteProperty(parent, last)
  else Reflect.set(parent, last, value)
}

function misspell(root: Node, path: Path): void {
  const parent = parentOf(root, path) as Record<string, unknown>
  const last = String(path.at(-1))
  parent[letters(last)] = parent[last]
  Reflect.deleteProperty(parent, last)
}
