import {join} from 'node:path'
import test from 'ava'
import {render} from '../generator/commands/render.ts'
import {layerDefinitions} from '../generator/components/index.ts'
import {renderRepository} from '../generator/pipeline.ts'
import {root} from './support/paths.ts'
import {environmentNames, readTree, unrenderedRepository} from './support/temporary.ts'

const committed = Object.fromEntries(
  ['charts', 'clusters', 'environments'].flatMap((folder) =>
    Object.entries(readTree(join(root, folder))).map(([path, content]) => [`${folder}/${path}`, content]),
  ),
)

test('lab, factory, campus and example are committed', (t) => {
  t.deepEqual(environmentNames(), ['campus', 'example', 'factory', 'lab'])
})

test('the committed tree is exactly what its environments render to', (t) => {
  const repository = unrenderedRepository(t)
  const {written} = render(repository, () => {})
  t.truthy(written)
  const rendered = readTree(repository)
  t.deepEqual(Object.keys(committed), Object.keys(rendered), 'run npm run render')
  for (const [path, content] of Object.entries(rendered)) t.is(committed[path], content, `${path}: run npm run render`)
})

test('rendering twice gives the same bytes', (t) => {
  t.deepEqual(renderRepository(root, layerDefinitions).files, renderRepository(root, layerDefinitions).files)
})

test('a second render changes nothing and says so', (t) => {
  const repository = unrenderedRepository(t)
  render(repository, () => {})
  const before = readTree(repository)
  const {written, summary} = render(repository, () => {})
  t.deepEqual(written?.changed, [])
  t.deepEqual(written?.removed, [])
  t.regex(summary ?? '', /nothing changed$/)
  t.deepEqual(readTree(repository), before)
})

test('values files hold only what differs from the defaults of the chart', (t) => {
  const lines = committed['environments/factory/rendered/line-2/edge-observability.values.yaml']?.split('\n').slice(1)
  t.deepEqual(lines, [
    'netdata-child:',
    '  updateEvery: 5',
    '  cluster: line-2',
    '  host: netdata-192-168-1-240.nip.io',
    '  port: 19999',
    'fluent-bit:',
    '  bufferMebibytes: 4096',
    '  flushSeconds: 30',
    '  cluster: line-2',
    '  host: elasticsearch-192-168-1-240.nip.io',
    'otel-agent:',
    '  cluster: line-2',
    '  host: otlp-192-168-1-240.nip.io',
    '',
  ])
})

/** The one that is no secret: ECK takes roles from a Secret only. */
const roles = 'charts/cloud-observability/charts/elasticsearch/templates/secret.yaml'

test('nothing rendered holds a time, a path of this machine, or data of a Secret but for roles', (t) => {
  for (const [path, content] of Object.entries(committed)) {
    t.notRegex(content, /\/(root|home|Users|tmp\/smarter)[/-]/, path)
    t.notRegex(content, /\b20\d\d-\d\d-\d\dT\d\d:\d\d/, path)
    if (path !== roles) t.notRegex(content, /^kind: Secret$/m, path)
  }
})
