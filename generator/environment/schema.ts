import {z} from 'zod'
import {
  addressRange,
  ageRecipient,
  bandwidth,
  bytes,
  chartRepository,
  cpu,
  described,
  dnsLabel,
  email,
  gitBranch,
  gitUrl,
  hostname,
  hoursOrDays,
  imageReference,
  ipv4,
  labels,
  registry,
  serverAddress,
  storageClass,
} from './fields.ts'
import {architectures, hardwareModelNames} from './hardware.ts'
import {verification} from './verification.ts'

/** That of the documentation of age. */
const exampleRecipient = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p'

/** Settings of components; each is checked against the component's own schema in `settings.ts`. */
const settings = z
  .record(z.string(), z.record(z.string(), z.unknown(), {error: 'expected a map of settings'}), {
    error: 'expected a map of components',
  })
  .default({})

const machine = {
  model: described(
    z.enum(hardwareModelNames, {error: `expected one of ${hardwareModelNames.join(', ')}`}).optional(),
    'A known machine; stands for arch, cpu, memory and disk, each of which may still be given',
    'raspberry-pi-4',
  ),
  arch: described(
    z.enum(architectures, {error: `expected one of ${architectures.join(', ')}`}).optional(),
    'Architecture of the operating system: amd64, arm64, or arm for 32-bit Arm. Required without model',
    'arm64',
  ),
  cpu: described(cpu.optional(), 'Processor cores. Required without model', 4),
  memory: described(bytes.optional(), 'Memory. Required without model', '4Gi'),
  disk: described(bytes.optional(), 'Disk. Required without model', '32Gi'),
  labels: described(labels.default({}), 'Labels of the node', {formatter: 'yes'}),
}

const cloudNode = z.strictObject({
  name: described(dnsLabel, 'Name of the node', 'cloud-1'),
  address: described(ipv4, 'Address of the node in its own network', '10.0.0.10'),
  ...machine,
})

const edgeNode = z.strictObject({
  name: described(dnsLabel, 'Name of the node', 'pi-1'),
  ...machine,
  controlPlane: described(
    z.boolean({error: 'expected true or false'}).default(false),
    'Whether the k3s server of the cluster runs on this node too',
    true,
  ),
})

const reconcile = z.enum(['local', 'remote'], {error: 'expected local or remote'})
const cni = z.enum(['flannel', 'smarter'], {error: 'expected flannel or smarter'})

const edgeChoices = {
  reconcile: described(
    reconcile,
    'local: Flux or Argo CD runs in the edge cluster and works behind NAT. remote: the cloud applies to the edge, which it must reach; required by cni smarter',
    'local',
  ),
  cni: described(
    cni,
    'flannel: ordinary k3s network with cluster DNS. smarter: a bridge on each node, no cluster DNS, no traffic between nodes',
    'flannel',
  ),
  demo: described(z.boolean({error: 'expected true or false'}), 'Whether the demo workload runs', true),
  uplink: described(bandwidth, 'Bandwidth from the cluster to the cloud', '2mbit'),
}

const rate = z.number({error: 'expected a number'}).nonnegative({error: 'expected a number from 0 on'}).max(1e6)
const rates = {
  logLines: described(rate, 'Log lines a second on each node', 1),
  metrics: described(rate, 'Metrics that Netdata collects on each node', 1100),
  spans: described(rate, 'Spans a second on each node', 1),
}
const uplinkPrice = described(rate.optional(), 'Price of a gigabyte over the uplink, in any currency', 0.4)

const edgeDefaults = z.strictObject({
  reconcile: edgeChoices.reconcile.default('local'),
  cni: edgeChoices.cni.default('flannel'),
  demo: edgeChoices.demo.default(false),
  uplink: edgeChoices.uplink.default('2mbit'),
  uplinkPrice,
  rates: described(
    z
      .strictObject({
        logLines: rates.logLines.default(1),
        metrics: rates.metrics.default(1100),
        spans: rates.spans.default(0.5),
      })
      .prefault({}),
    'How much each node has to say: what outages and uplinks are reckoned with',
    {logLines: 5},
  ),
  settings: described(settings, 'Settings of edge components, for all edge clusters', {
    'fluent-bit': {bufferMebibytes: 2048},
  }),
})

const edgeCluster = z.strictObject({
  name: described(dnsLabel, 'Name of the cluster, and of its identity towards the cloud', 'workshop'),
  server: described(
    serverAddress,
    'Address of the k3s server of the cluster, as its nodes reach it and, with reconcile remote, as the cloud does',
    '192.168.1.20',
  ),
  reconcile: edgeChoices.reconcile.optional(),
  cni: edgeChoices.cni.optional(),
  demo: edgeChoices.demo.optional(),
  uplink: edgeChoices.uplink.optional(),
  uplinkPrice,
  rates: described(
    z
      .strictObject({
        logLines: rates.logLines.optional(),
        metrics: rates.metrics.optional(),
        spans: rates.spans.optional(),
      })
      .optional(),
    'How much each node of this cluster has to say',
    {spans: 20},
  ),
  nodes: described(
    z.array(edgeNode, {error: 'expected a list of nodes'}).min(1, {error: 'expected at least one node'}),
    'The nodes that run workloads',
    [{name: 'pi-1', model: 'raspberry-pi-4'}],
  ),
  settings: described(settings, 'Settings of edge components, for this cluster only', {
    'netdata-child': {updateEvery: 5},
  }),
})

const certificates = z.discriminatedUnion(
  'issuer',
  [
    z.strictObject({
      issuer: described(
        z.literal('environment-ca'),
        "The environment's own authority, made by the operator and known to every edge",
        'environment-ca',
      ),
    }),
    z.strictObject({
      issuer: described(z.literal('self-signed'), 'An authority that cert-manager makes inside the cloud cluster'),
    }),
    z.strictObject({
      issuer: described(z.literal('acme'), "Let's Encrypt, for a public domain"),
      email: described(email, "Where Let's Encrypt writes about expiry", 'ops@example.com'),
    }),
  ],
  {error: 'expected issuer: environment-ca, self-signed, or acme with an email'},
)

const loadBalancer = z.discriminatedUnion(
  'mode',
  [
    z.strictObject({
      mode: described(
        z.literal('metallb'),
        "metallb: MetalLB answers for addresses of a pool. node: k3s's own load balancer",
        'metallb',
      ),
      addresses: described(
        z
          .array(addressRange, {error: 'expected a list of address ranges'})
          .min(1, {error: 'expected at least one address range'}),
        'The pool: ranges or networks that nothing else uses',
        ['192.168.1.240-192.168.1.250'],
      ),
    }),
    z.strictObject({mode: described(z.literal('node'), "k3s's own load balancer on the addresses of the nodes")}),
  ],
  {error: 'expected mode: metallb with addresses, or node'},
)

const cloud = z.strictObject({
  publicAddress: described(ipv4, 'Address at which browsers and edge clusters reach the cloud', '18.34.90.214'),
  ingressAddress: described(
    ipv4.optional(),
    'Address that the ingress gets inside the network where NAT forwards publicAddress to it; default: publicAddress',
    '10.0.0.10',
  ),
  domain: described(
    hostname.optional(),
    'Domain of all host names; default: publicAddress with dashes under nip.io',
    '18-34-90-214.nip.io',
  ),
  loadBalancer: described(loadBalancer, 'Who gives the ingress its address', {mode: 'node'}),
  certificates: described(certificates.default({issuer: 'environment-ca'}), 'Who signs the certificates of the cloud'),
  storageClass: described(storageClass.default('local-path'), 'StorageClass of all volumes in the cloud', 'local-path'),
  nodes: described(
    z.array(cloudNode, {error: 'expected a list of nodes'}).min(1, {error: 'expected at least one node'}),
    'The nodes of the cloud cluster',
    [{name: 'cloud-1', address: '10.0.0.10', model: 'x86'}],
  ),
})

const git = z.strictObject({
  url: described(gitUrl, 'This repository, as the clusters reach it', 'https://git.example.com/ops/edge.git'),
  branch: described(gitBranch.default('main'), 'The branch that the clusters follow', 'main'),
  secret: described(
    dnsLabel.optional(),
    'Secret with the credentials for url, in the namespace of what reconciles; none where anybody may read it',
    'git-credentials',
  ),
  engine: described(
    z.enum(['flux', 'argo'], {error: 'expected flux or argo'}).default('flux'),
    'What reconciles every cluster of the environment: flux, or argo for Argo CD',
    'flux',
  ),
})

const images = z
  .strictObject({
    mirror: described(
      registry.optional(),
      'A registry that holds copies of all images: every image of every chart is rewritten to MIRROR/REPOSITORY',
      'registry.example.com/mirror',
    ),
    overrides: described(
      z.record(z.string(), imageReference, {error: 'expected a map from image name to reference'}).default({}),
      'Another image in place of one, by its name in the component',
      {'client.client': 'registry.example.com/demo/client:1.2.0'},
    ),
  })
  .prefault({})

const charts = z
  .strictObject({
    mirror: described(
      chartRepository.optional(),
      'A repository that holds copies of all upstream charts, which the clusters use in place of the public ones',
      'oci://registry.example.com/charts',
    ),
  })
  .prefault({})

const secrets = z.strictObject({
  operators: described(
    z
      .array(
        z.strictObject({
          name: described(dnsLabel, 'Name of the operator, with which they log in', 'alice'),
          recipient: described(ageRecipient, 'Public age key of the operator', exampleRecipient),
        }),
        {error: 'expected a list of operators'},
      )
      .min(1, {error: 'expected at least one operator'}),
    'Who can read the Secrets of every cluster, and has a login for the pages',
    [{name: 'alice', recipient: exampleRecipient}],
  ),
})

const outage = z
  .strictObject({
    survive: described(
      hoursOrDays.default('7d'),
      'The longest time that an edge cluster may be offline: no certificate ends, no authority goes and no buffer overflows within it',
      '14d',
    ),
  })
  .prefault({})

/** The whole of `environments/<env>/environment.yaml`. */
export const environmentSchema = z.strictObject({
  name: described(dnsLabel, 'Name of the environment: that of its folder', 'lab'),
  git: described(git, 'Where the clusters find what is rendered', {url: 'https://git.example.com/ops/edge.git'}),
  cloud: described(cloud, 'The cluster that stores and shows the data'),
  edge: described(
    z
      .strictObject({
        defaults: described(edgeDefaults.prefault({}), 'What holds for every edge cluster that does not say otherwise'),
        clusters: described(
          z.array(edgeCluster, {error: 'expected a list of edge clusters'}).default([]),
          'The edge clusters',
          [{name: 'workshop', server: '192.168.1.20', nodes: [{name: 'pi-1', model: 'raspberry-pi-4'}]}],
        ),
      })
      .prefault({}),
    'The clusters that collect the data',
  ),
  settings: described(settings, 'Settings of components, for the whole environment', {influxdb: {retention: '30d'}}),
  images: described(images, 'Where images come from'),
  charts: described(charts, 'Where upstream charts come from'),
  outage: described(outage, 'What the environment must live through'),
  verify: described(verification, 'What npm run verify is told'),
  secrets: described(secrets.optional(), 'Who can read the Secrets that npm run secrets makes', {
    operators: [{name: 'alice', recipient: exampleRecipient}],
  }),
})

export type Environment = z.output<typeof environmentSchema>
export type CloudNode = z.output<typeof cloudNode>
export type EdgeNode = z.output<typeof edgeNode>
export type EdgeCluster = z.output<typeof edgeCluster>
