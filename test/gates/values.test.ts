import test from 'ava'
import {layerDefinitions} from '../../generator/components/index.ts'
import type {GateRun, Surroundings} from '../../generator/gates/gate.ts'
import values from '../../generator/gates/values.ts'
import {renderRepository} from '../../generator/pipeline.ts'
import {TreeFiles} from '../../generator/tree/files.ts'
import {readCluster} from '../../generator/tree/read-cluster.ts'
import {root} from '../support/paths.ts'
import {hasUpstreamData, upstreamComponents} from '../support/upstream.ts'

const rendered = renderRepository(root, layerDefinitions)
const [site] = rendered.plans.find(({read}) => read.environment.name === 'factory')?.sites ?? []

for (const {name, chart} of upstreamComponents) {
  test(`a value that chart ${chart.name} ${chart.version} does not know is found`, async (t) => {
    if (!hasUpstreamData(t) || !site) return
    const cluster = await readCluster(new TreeFiles(root, rendered.files), site, layerDefinitions)
    const run: GateRun = values.start(root)
    const charts = cluster.charts.map((release) =>
      release.component.name === name ? {...release, values: {...release.values, resuorces: {}}} : release,
    )
    const findings = run.cluster?.({...cluster, charts}, {} as Surroundings) ?? []
    t.deepEqual(
      findings.map(({message}) => message),
      [`Chart ${chart.name} ${chart.version} does not know this value: ${name}.resuorces`],
    )
  })
}
