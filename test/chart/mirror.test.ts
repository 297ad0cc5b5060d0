import {existsSync} from 'node:fs'
import {join} from 'node:path'
import test from 'ava'
import {parse} from 'yaml'
import {chartFolder, renderChart, renderMirroredChart} from '../../generator/chart/chart.ts'
import type {LayerDefinition} from '../../generator/component.ts'
import {layerDefinitions} from '../../generator/components/index.ts'
import {siteOf} from '../support/environment.ts'
import {root} from '../support/paths.ts'

const mirror = 'oci://registry.example.com/charts'
const {environment} = siteOf({charts: {mirror}}).cloud

interface Dependency {
  name: string
  version: string
  repository?: string
  condition?: string
}

function dependencies(files: {path: string; content: string}[], folder: string): Dependency[] {
  const chart = files.find(({path}) => path === `${folder}/Chart.yaml`)
  return (parse(chart?.content ?? '') as {dependencies: Dependency[]}).dependencies
}

const withUpstream = layerDefinitions.filter(({components}) => components.some(({kind}) => kind === 'upstream'))

for (const definition of withUpstream) {
  test(`${definition.layer}: with a mirror, upstream charts come from it and own parts from where all have them`, (t) => {
    const folder = chartFolder(definition, environment)
    const mirrored = dependencies(renderMirroredChart(definition, environment), folder)
    const shared = dependencies(renderChart(definition), `charts/${definition.layer}`)
    t.deepEqual(
      mirrored.map(({repository: _repository, ...rest}) => rest),
      shared.map(({repository: _repository, ...rest}) => rest),
    )
    for (const [index, {name, repository = ''}] of mirrored.entries()) {
      if (shared[index]?.repository) t.is(repository, mirror, name)
      else t.true(existsSync(join(root, folder, repository.replace('file://', ''), 'Chart.yaml')), repository)
    }
  })
}

test('layers of own parts only, and environments without a mirror, use the shared charts', (t) => {
  const own = layerDefinitions.filter((definition) => !withUpstream.includes(definition))
  t.true(own.length >= 3)
  for (const definition of own) t.deepEqual(renderMirroredChart(definition, environment), [])
  const plain = siteOf().cloud.environment
  for (const definition of layerDefinitions) {
    t.deepEqual(renderMirroredChart(definition, plain), [])
    t.is(chartFolder(definition as LayerDefinition, plain), `charts/${definition.layer}`)
  }
})
