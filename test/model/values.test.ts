import test from 'ava'
import fc from 'fast-check'
import {layerDefinitions} from '../../generator/components/index.ts'
import {hostnameOf} from '../../generator/model/hostnames.ts'
import {imageReference, parseImage} from '../../generator/model/images.ts'
import {merge} from '../../generator/model/merge.ts'
import {settingsOf, valuesOf} from '../../generator/model/values.ts'
import {difference} from '../../generator/values/difference.ts'
import {component, siteOf} from '../support/environment.ts'

test('the more specific setting wins, key by key: environment, edge defaults, edge cluster', (t) => {
  const child = (settings: object) => ({'netdata-child': settings})
  const {edges} = siteOf({
    settings: child({updateEvery: 2, exportEvery: 20, retentionMebibytes: 100}),
    edge: {
      defaults: {settings: child({updateEvery: 3, exportEvery: 30})},
      clusters: [
        {name: 'a', server: '10.1.0.2', nodes: [{name: 'n', model: 'x86'}], settings: child({updateEvery: 4})},
        {name: 'b', server: '10.1.0.2', nodes: [{name: 'n', model: 'x86'}]},
      ],
    },
  })
  const settings = edges.map((site) => settingsOf(component('netdata-child'), site))
  t.like(settings[0], {updateEvery: 4, exportEvery: 30, retentionMebibytes: 100})
  t.like(settings[1], {updateEvery: 3, exportEvery: 30, retentionMebibytes: 100})
})

test('host names join with a dash under nip.io and with a dot under an own domain', (t) => {
  t.is(hostnameOf('kibana', '18-34-90-214.nip.io'), 'kibana-18-34-90-214.nip.io')
  t.is(hostnameOf('kibana', 'edge.example.com'), 'kibana.edge.example.com')
})

test('what an edge agent connects to is what the cloud serves: host name and port', (t) => {
  const {cloud, edges} = siteOf()
  const [edge] = edges
  if (!edge) return t.fail()
  const pairs = [
    ['netdata-child', 'netdata-parent', 19999],
    ['fluent-bit', 'elasticsearch', 443],
    ['otel-agent', 'otel-gateway', 443],
  ] as const
  for (const [agent, server, port] of pairs) {
    const client = valuesOf(component(agent), edge)
    t.is(client.host, valuesOf(component(server), cloud).host)
    t.is(client.port, port)
    t.is(client.cluster, 'hall')
  }
})

test('with a public authority agents trust the public ones, otherwise that of the environment', (t) => {
  const acme = siteOf({cloud: {certificates: {issuer: 'acme', email: 'a@example.com'}}})
  const own = siteOf()
  const file = (site: (typeof own.edges)[number] | undefined) =>
    site && valuesOf(component('fluent-bit'), site).authorityFile
  t.is(file(acme.edges[0]), '/etc/ssl/certs/ca-certificates.crt')
  t.is(file(own.edges[0]), '/authority/ca.crt')
})

test('image references parse into their parts and back', (t) => {
  const part = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/)
  const arbitrary = fc.record({
    registry: fc.constantFrom('docker.io', 'registry.example.com:5000'),
    repository: fc.array(part, {minLength: 1, maxLength: 3}).map((parts) => parts.join('/')),
    tag: fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,8}$/),
    digest: fc.option(fc.constant(`sha256:${'0'.repeat(64)}`), {nil: undefined}),
  })
  fc.assert(
    fc.property(arbitrary, ({registry, repository, tag, digest}) => {
      const reference = `${registry}/${repository}:${tag}${digest ? `@${digest}` : ''}`
      t.deepEqual(parseImage(reference), {reference, registry, repository, tag, digest})
    }),
  )
})

test('a mirror stands before every image of every component, overridden ones included', (t) => {
  const mirror = 'registry.example.com/mirror'
  const {cloud} = siteOf({images: {mirror, overrides: {'client.client': 'quay.io/me/client:1'}}})
  for (const each of layerDefinitions.flatMap(({components}) => components)) {
    for (const name of Object.keys(each.images)) {
      const reference = imageReference(each, name, cloud)
      t.true(reference.startsWith(`${mirror}/`), reference)
    }
  }
  t.is(imageReference(component('client'), 'client', cloud), `${mirror}/me/client:1`)
})

test('with a mirror no value of an upstream chart names another registry', (t) => {
  const {cloud} = siteOf({images: {mirror: 'registry.example.com/mirror'}})
  for (const each of layerDefinitions.flatMap(({components}) => components).filter(({kind}) => kind === 'upstream')) {
    const values = JSON.stringify(valuesOf(each, cloud))
    t.true(values.includes('registry.example.com'), each.name)
    t.notRegex(values, /quay\.io|docker\.io|docker\.elastic\.co|ghcr\.io/, each.name)
  }
})

test('defaults and the difference merge to the values again, and the difference holds no default', (t) => {
  const leaf = fc.oneof(fc.integer({min: 0, max: 2}), fc.array(fc.integer({min: 0, max: 1}), {maxLength: 2}))
  const {tree} = fc.letrec((tie) => ({
    tree: fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.oneof({maxDepth: 3}, leaf, tie('tree')), {
      noNullPrototype: true,
    }),
  }))
  fc.assert(
    fc.property(tree, tree, (defaults, changes) => {
      const values = merge(defaults as object as Record<string, unknown>, changes as object as Record<string, unknown>)
      const found = difference(values, defaults as Record<string, unknown>)
      t.deepEqual(merge(defaults as Record<string, unknown>, found ?? {}), values)
      t.is(difference(defaults as Record<string, unknown>, defaults as Record<string, unknown>), undefined)
    }),
    {numRuns: 500},
  )
})
