import {resolve} from 'node:path'
import {components} from '../generator/components/index.ts'
import {requireTool, tools} from '../generator/verify/tools.ts'
import {fetchArgoDefinitions, fetchUpstream} from '../generator/verify/upstream.ts'

// Fetches values, schemas and custom resource definitions of the upstream charts, for the tests. Needs a network.

const root = resolve(import.meta.dirname, '..')

try {
  const helm = await requireTool(root, tools.helm)
  for (const component of components.filter(({kind}) => kind === 'upstream')) {
    if (component.kind !== 'upstream') continue
    process.stderr.write(`Fetching ${component.chart.name} ${component.chart.version}\n`)
    await fetchUpstream(root, helm, component)
  }
  process.stderr.write('Fetching definitions of Argo CD\n')
  await fetchArgoDefinitions(root)
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = 1
}
