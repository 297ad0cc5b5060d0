import fc from 'fast-check'

/** Environments that operators might write, of everything that can be chosen: all of them render. */
export const arbitraryEnvironment: fc.Arbitrary<Record<string, unknown>> = fc
  .record({
    engine: fc.constantFrom('flux', 'argo'),
    secret: fc.boolean(),
    branch: fc.constantFrom('main', 'release'),
    mode: fc.constantFrom('metallb', 'nat', 'node'),
    domain: fc.constantFrom(undefined, 'edge.example.com', '10-0-0-240.sslip.io'),
    issuer: fc.constantFrom('environment-ca', 'self-signed', 'acme'),
    imageMirror: fc.constantFrom(undefined, 'registry.example.com/mirror', 'registry.example.com:5000'),
    chartMirror: fc.constantFrom(undefined, 'oci://registry.example.com/charts', 'https://charts.example.com'),
    operators: fc.boolean(),
    survive: fc.constantFrom('12h', '7d'),
    openTsdbExport: fc.boolean(),
    elasticsearchNodes: fc.integer({min: 1, max: 3}),
    cloudArch: fc.constantFrom('amd64', 'arm64'),
    edges: fc.array(arbitraryEdge(), {maxLength: 3}),
  })
  .map((choice) => environmentOf(choice))

interface Edge {
  reconcile: 'local' | 'remote'
  cni: 'flannel' | 'smarter'
  demo: boolean
  uplink: string
  models: string[]
  updateEvery: number
  excludePattern: string
}

function arbitraryEdge(): fc.Arbitrary<Edge> {
  return fc.record({
    reconcile: fc.constantFrom('local', 'remote'),
    cni: fc.constantFrom('flannel', 'smarter'),
    demo: fc.boolean(),
    uplink: fc.constantFrom('1mbit', '20mbit', '1gbit'),
    models: fc.array(fc.constantFrom('raspberry-pi-4', 'raspberry-pi-5', 'jetson-orin'), {minLength: 1, maxLength: 3}),
    updateEvery: fc.integer({min: 1, max: 10}),
    excludePattern: fc.constantFrom('', 'GET /health', '^debug: .*$'),
  })
}

const recipient = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p'

interface Choice {
  engine: string
  secret: boolean
  branch: string
  mode: string
  domain: string | undefined
  issuer: string
  imageMirror: string | undefined
  chartMirror: string | undefined
  operators: boolean
  survive: string
  openTsdbExport: boolean
  elasticsearchNodes: number
  cloudArch: string
  edges: Edge[]
}

function environmentOf(choice: Choice): Record<string, unknown> {
  const {engine, secret, branch, mode, domain, issuer, edges} = choice
  const isMetallb = mode !== 'node'
  const isNat = mode === 'nat'
  return {
    name: 'site',
    git: {url: 'https://git.example.com/ops/edge.git', branch, engine, ...(secret ? {secret: 'git-credentials'} : {})},
    cloud: {
      publicAddress: isNat ? '203.0.113.20' : isMetallb ? '10.0.0.240' : '10.0.0.10',
      ...(isNat ? {ingressAddress: '10.0.0.241'} : {}),
      // A domain with an address in it is that of the address at which the cloud is reached.
      ...(domain && (!domain.includes('sslip') || mode === 'metallb') ? {domain} : {}),
      loadBalancer: isMetallb ? {mode: 'metallb', addresses: ['10.0.0.240-10.0.0.250']} : {mode: 'node'},
      certificates: issuer === 'acme' ? {issuer, email: 'ops@example.com'} : {issuer},
      nodes: [{name: 'cloud-1', address: '10.0.0.10', arch: choice.cloudArch, cpu: 16, memory: '64Gi', disk: '2Ti'}],
    },
    edge: {clusters: edges.map(edgeOf)},
    settings: {
      elasticsearch: {nodes: choice.elasticsearchNodes},
      'netdata-parent': {openTsdbExport: choice.openTsdbExport},
    },
    images: choice.imageMirror ? {mirror: choice.imageMirror} : {},
    charts: choice.chartMirror ? {mirror: choice.chartMirror} : {},
    outage: {survive: choice.survive},
    ...(choice.operators ? {secrets: {operators: [{name: 'alice', recipient}]}} : {}),
  }
}

function edgeOf({models, excludePattern, updateEvery, ...edge}: Edge, index: number) {
  const isSmarter = edge.cni === 'smarter'
  return {
    ...edge,
    name: `edge-${index}`,
    server: `10.1.${index}.2`,
    reconcile: isSmarter ? 'remote' : edge.reconcile,
    nodes: models.map((model, node) => ({name: `node-${node}`, model, labels: {client: 'yes', publisher: 'yes'}})),
    settings: {'netdata-child': {updateEvery}, 'fluent-bit': {excludePattern}},
  }
}
