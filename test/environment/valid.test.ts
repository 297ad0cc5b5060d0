import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {Ajv2020} from 'ajv/dist/2020.js'
import test from 'ava'
import {parse} from 'yaml'
import {z} from 'zod'
import {layerDefinitions} from '../../generator/components/index.ts'
import {hardwareModels} from '../../generator/environment/hardware.ts'
import {environmentJsonSchema} from '../../generator/environment/json-schema.ts'
import {readEnvironment} from '../../generator/environment/read.ts'
import {environmentSchema} from '../../generator/environment/schema.ts'
import type {Issue} from '../../generator/issue/issue.ts'
import {nodeOf} from '../../generator/model/sites.ts'
import {siteOf} from '../support/environment.ts'
import {root} from '../support/paths.ts'
import {environmentNames} from '../support/temporary.ts'

const schema = JSON.parse(environmentJsonSchema(layerDefinitions))
const validate = new Ajv2020({strict: false}).compile(schema)

for (const name of environmentNames()) {
  const content = readFileSync(join(root, 'environments', name, 'environment.yaml'), 'utf8')

  test(`${name}: the first line names the schema for editors, and the file is valid to it`, (t) => {
    t.is(content.split('\n')[0], '# yaml-language-server: $schema=../environment.schema.json')
    t.true(validate(parse(content)), JSON.stringify(validate.errors))
  })
}

test('the schema for editors refuses an unknown key, component and setting', (t) => {
  const valid = parse(readFileSync(join(root, 'environments/lab/environment.yaml'), 'utf8'))
  t.false(validate({...valid, colour: 'red'}))
  t.false(validate({...valid, settings: {influxbd: {}}}))
  t.false(validate({...valid, settings: {influxdb: {retentoin: '7d'}}}))
  t.false(validate({...valid, edge: {defaults: {settings: {influxdb: {}}}}}))
})

test('example documents every key', (t) => {
  const example = readFileSync(join(root, 'environments/example/environment.yaml'), 'utf8')
  const missing = keysOf(environmentSchema).filter((key) => !new RegExp(`(^|[\\s{])${key}:`, 'm').test(example))
  t.deepEqual(missing, [])
})

test('every example, which messages show as the fix, is valid', (t) => {
  const shown = examplesIn(schema)
  t.true(shown.length > 30)
  for (const {example, of} of shown) {
    const check = new Ajv2020({strict: false}).compile(of)
    t.true(
      check(typeof example === 'string' ? parse(example) : example),
      `${JSON.stringify(example)}: ${JSON.stringify(check.errors)}`,
    )
  }
})

test('every key has a description', (t) => {
  t.deepEqual(undescribed(environmentSchema, []), [])
  for (const {name, settings} of layerDefinitions.flatMap(({components}) => components)) {
    t.deepEqual(undescribed(settings, [name]), [])
  }
})

test('a model stands for the machine, and what is given beside it wins', (t) => {
  const pi = {name: 'pi', controlPlane: false, model: 'raspberry-pi-3b-plus', labels: {}} as const
  t.like(nodeOf(pi), hardwareModels['raspberry-pi-3b-plus'])
  t.like(nodeOf({...pi, arch: 'arm', memory: '2Gi', cpu: '500m'}), {arch: 'arm', memory: '2Gi', cpu: 0.5, disk: '16Gi'})
})

test('the address of a single node in the pool is a warning, of one among several an error', (t) => {
  const pool = {cloud: {publicAddress: '10.0.0.10', loadBalancer: {mode: 'metallb', addresses: ['10.0.0.10/32']}}}
  t.deepEqual(
    siteOf(pool).issues.map(({severity, code}) => [severity, code]),
    [['warning', 'overlap']],
  )
  const nodes = ['10.0.0.10', '10.0.0.11'].map((address, index) => ({name: `n${index}`, address, model: 'x86'}))
  t.throws(() => siteOf({cloud: {...pool.cloud, nodes}}), {message: /the address of node n0, and there are 2 nodes/})
})

test('a block may be shared by an anchor among many clusters', (t) => {
  const aliases = Array.from({length: 300}, (_, index) => `    - {name: c${index}, server: 10.1.0.2, nodes: *nodes}`)
  const content = [
    'name: site',
    'git: {url: https://git.example.com/ops/edge.git}',
    'cloud:',
    '  publicAddress: 10.0.0.10',
    '  loadBalancer: {mode: node}',
    '  nodes: [{name: n, address: 10.0.0.10, model: x86}]',
    'edge:',
    '  clusters:',
    '    - {name: first, server: 10.1.0.2, nodes: &nodes [{name: pi, model: raspberry-pi-4}]}',
    ...aliases,
  ].join('\n')
  const issues: Issue[] = []
  const read = readEnvironment({name: 'site', file: 'environment.yaml', content}, layerDefinitions, issues)
  t.deepEqual(issues, [])
  t.is(read?.environment.edge.clusters.length, 301)
})

function examplesIn(node: unknown): {example: unknown; of: object}[] {
  if (typeof node !== 'object' || node === null) return []
  const own = (node as {examples?: unknown[]}).examples ?? []
  return [...own.map((example) => ({example, of: node})), ...Object.values(node).flatMap(examplesIn)]
}

function keysOf(wrapped: z.ZodType): string[] {
  return children(wrapped).flatMap(([key, child]) => [...(key === undefined ? [] : [key]), ...keysOf(child)])
}

function undescribed(wrapped: z.ZodType, path: readonly string[]): string[] {
  return children(wrapped).flatMap(([key, child]) => {
    if (key === undefined) return undescribed(child, path)
    const below = undescribed(child, [...path, key])
    return descriptionOf(child) ? below : [[...path, key].join('.'), ...below]
  })
}

function children(wrapped: z.ZodType): [string | undefined, z.ZodType][] {
  const inner = (wrapped.def as {innerType?: z.ZodType}).innerType
  if (inner) return children(inner)
  if (wrapped instanceof z.ZodObject) return Object.entries(wrapped.shape) as [string, z.ZodType][]
  if (wrapped instanceof z.ZodArray) return [[undefined, wrapped.element as z.ZodType]]
  if (wrapped instanceof z.ZodDiscriminatedUnion)
    return wrapped.options.map((option) => [undefined, option as z.ZodType])
  return []
}

function descriptionOf(schema: z.ZodType): string | undefined {
  const inner = (schema.def as {innerType?: z.ZodType}).innerType
  return schema.meta()?.description ?? (inner && descriptionOf(inner))
}
