import {resolve} from 'node:path'
import {parseArgs} from 'node:util'
import {layerDefinitions} from '../generator/components/index.ts'
import {progressOn} from '../generator/output/progress.ts'
import {requireTool, tools} from '../generator/verify/tools.ts'
import {vendor} from '../generator/verify/vendor.ts'

// Puts the packages of all upstream charts into charts/*/charts/, so that clusters need nothing but this repository.

const help = `Usage: npm run vendor [-- --from PLACE]

Fetches every upstream chart at its pinned version into charts/LAYER/charts/. Commit what it writes.

Options:
  --from PLACE  a folder of packages NAME-VERSION.tgz, or a repository (https://, oci://) that holds all of them;
                default: each chart's own repository
  --help        this text
`

const root = resolve(import.meta.dirname, '..')
const progress = progressOn(process.stderr)

try {
  const {values} = parseArgs({options: {from: {type: 'string'}, help: {type: 'boolean', short: 'h'}}})
  process.stdout.write(values.help ? help : await fetchAll(values.from))
} catch (error) {
  progress.clear()
  const isWrongUse = String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS')
  process.stderr.write(`${(error as Error).message}\n${isWrongUse ? `\n${help}` : ''}`)
  process.exitCode = isWrongUse ? 2 : 1
}

async function fetchAll(from: string | undefined): Promise<string> {
  const helm = await requireTool(root, tools.helm)
  const paths = await vendor({root, helm, layers: layerDefinitions, from, progress: progress.show})
  progress.clear()
  return `${paths.join('\n')}\nNext: git add charts, commit\n`
}
