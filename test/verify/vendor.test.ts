import {mkdirSync, readdirSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import test, {type ExecutionContext} from 'ava'
import {packageName, vendoredCharts} from '../../generator/chart/vendored.ts'
import {render} from '../../generator/commands/render.ts'
import {layerDefinitions} from '../../generator/components/index.ts'
import {vendor} from '../../generator/verify/vendor.ts'
import {helm} from '../support/programs.ts'
import {readTree, temporaryFolder, unrenderedRepository} from '../support/temporary.ts'

const charts = vendoredCharts(layerDefinitions)

/** A folder with a package of every upstream chart, made by the real helm. */
async function packages(t: ExecutionContext): Promise<string> {
  const folder = temporaryFolder(t)
  for (const {component} of charts) {
    const source = join(folder, 'sources', component.chart.name)
    mkdirSync(source, {recursive: true})
    const {name, version} = component.chart
    writeFileSync(join(source, 'Chart.yaml'), `apiVersion: v2\nname: ${name}\nversion: ${version}\n`)
    const {exitCode, stderr} = await helm('package', source, '-d', folder)
    t.is(exitCode, 0, stderr)
  }
  return folder
}

function options(root: string, from: string) {
  return {root, helm: 'helm', layers: layerDefinitions, from, progress: () => {}}
}

test('every upstream chart is put beside the own parts of its layer, and packages of other versions go', async (t) => {
  const repository = unrenderedRepository(t)
  render(repository, () => {})
  mkdirSync(join(repository, 'charts/cloud-operators/charts'))
  writeFileSync(join(repository, 'charts/cloud-operators/charts/metallb-0.0.1.tgz'), 'old')
  const paths = await vendor(options(repository, await packages(t)))
  t.deepEqual(
    paths,
    charts.map(({path}) => path),
  )
  const present = Object.keys(readTree(join(repository, 'charts'))).filter((path) => path.endsWith('.tgz'))
  t.deepEqual(present.map((path) => `charts/${path}`).sort(), [...paths].sort())
  t.deepEqual(render(repository, () => {}).written?.removed, [])
})

test('where one chart cannot be had, nothing is changed and the message names it', async (t) => {
  const repository = unrenderedRepository(t)
  const from = await packages(t)
  rmSync(join(from, packageName(charts[1]?.component as never)))
  const before = readTree(repository)
  await t.throwsAsync(vendor(options(repository, from)), {
    message: /Cannot find .*cert-manager-v1\.21\.1\.tgz: put the package/,
  })
  t.deepEqual(withoutCache(readTree(repository)), before)
  t.deepEqual(readdirSync(join(repository, '.cache')), [])
})

function withoutCache(tree: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(tree).filter(([path]) => !path.startsWith('.cache/')))
}

test('a package of another version, or one that is missing, is found before anything is rendered', async (t) => {
  const repository = unrenderedRepository(t)
  await vendor(options(repository, await packages(t)))
  const folder = join(repository, 'charts/cloud-operators/charts')
  rmSync(join(folder, 'metallb-0.16.1.tgz'))
  writeFileSync(join(folder, 'metallb-0.15.0.tgz'), 'old')
  const {issues, written} = render(repository, () => {})
  t.is(written, undefined)
  t.deepEqual(
    issues.filter(({code}) => code === 'vendored-chart').map(({file, message}) => `${file}: ${message}`),
    [
      'charts/cloud-operators/charts/metallb-0.15.0.tgz: Cannot use this chart package: the layer needs ' +
        'metallb-0.16.1.tgz, cert-manager-v1.21.1.tgz, eck-operator-3.5.0.tgz',
      'charts/cloud-operators/charts: Cannot find chart package metallb-0.16.1.tgz beside the others',
    ],
  )
})
