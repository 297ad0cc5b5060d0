import {createHash} from 'node:crypto'
import {existsSync, mkdirSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {printYaml} from '../yaml/print.ts'
import {buildTool} from './build-tool.ts'
import {run} from './run.ts'
import {builtTool, type Tool, toolsFolder} from './tools.ts'

const version = 'v0.161.0'
const core = 'go.opentelemetry.io/collector'
const contrib = 'github.com/open-telemetry/opentelemetry-collector-contrib'

/** The builder of the OpenTelemetry collector, of the version that the components pin. */
const builder: Tool = {name: 'ocb', module: `${core}/cmd/builder`, package: `${core}/cmd/builder`, version}

/** What the rendered configurations of agent and gateway name. */
const parts = {
  receivers: [
    `${core}/receiver/otlpreceiver`,
    `${contrib}/receiver/jaegerreceiver`,
    `${contrib}/receiver/carbonreceiver`,
  ],
  processors: [
    `${core}/processor/batchprocessor`,
    `${core}/processor/memorylimiterprocessor`,
    `${contrib}/processor/transformprocessor`,
  ],
  exporters: [`${core}/exporter/otlpexporter`, `${contrib}/exporter/influxdbexporter`],
  extensions: [`${contrib}/extension/healthcheckextension`, `${contrib}/extension/storage/filestorage`],
}

/** With other parts it is another program. */
const partsDigest = createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 8)

/** Where the collector lies that was built. */
export function collectorProgram(root: string): string {
  return builtTool(root, {...builder, name: `otelcol-${partsDigest}`})
}

/** Builds an OpenTelemetry collector with the parts that are used here, unless it is there: the image has many more. */
export async function buildCollector(root: string): Promise<void> {
  if (existsSync(collectorProgram(root))) return
  const folder = join(root, toolsFolder, 'build-otelcol')
  rmSync(folder, {recursive: true, force: true})
  mkdirSync(folder, {recursive: true})
  const modules = Object.entries(parts).map(([kind, names]) => [
    kind,
    names.map((name) => ({gomod: `${name} ${version}`})),
  ])
  const dist = {name: 'otelcol', module: 'tools/otelcol', output_path: folder, version: version.slice(1)}
  writeFileSync(join(folder, 'manifest.yaml'), printYaml({dist, ...Object.fromEntries(modules)}))
  const ocb = existsSync(builtTool(root, builder)) ? builtTool(root, builder) : await buildTool(root, builder)
  const output = await run(ocb, ['--config', 'manifest.yaml'], {cwd: folder, env: {GOFLAGS: '-mod=mod'}})
  if (output.exitCode !== 0) throw new Error(`Cannot build the OpenTelemetry collector:\n${output.stderr.slice(-4000)}`)
  renameSync(join(folder, 'otelcol'), collectorProgram(root))
  rmSync(folder, {recursive: true, force: true})
}
