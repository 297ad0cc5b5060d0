import {mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {parse} from 'yaml'
import {collectorProgram} from '../../../generator/verify/collector.ts'
import {printYaml} from '../../../generator/yaml/print.ts'
import {type Running, startProgram} from '../../e2e/harness/processes.ts'
import {root} from '../../support/paths.ts'

/** Files that are mounted into a pod, by their path there. */
export type Mounts = Readonly<Record<string, string>>

export interface Collector {
  running: Running
  /** Puts another file in the place of a mounted one, as the kubelet does when a Secret changes. */
  replace: (path: string, content: string) => void
  log: () => string
}

interface Setup {
  name: string
  folder: string
  /** The rendered configuration. */
  configuration: string
  mounts: Mounts
  /** What stands in the configuration and is another thing here: addresses of services, ports. */
  here: Readonly<Record<string, string>>
  /** Port of the health check. */
  health: number
  env?: Record<string, string>
  /** Changes of the configuration that the test needs beside that. */
  adapt?: (configuration: CollectorConfiguration) => void
}

export interface CollectorConfiguration {
  exporters: Record<string, {tls?: Record<string, unknown>; [key: string]: unknown}>
  receivers: Record<string, Record<string, unknown>>
  service: {telemetry: Record<string, unknown>}
  [key: string]: unknown
}

/** Starts the real collector with a rendered configuration: folders and addresses are those of the test, all else is as it is. */
export async function startCollector(setup: Setup): Promise<Collector> {
  const {name, mounts, here, health, env = {}, adapt} = setup
  const folder = join(setup.folder, name)
  const place = (path: string) => join(folder, path)
  const replace = (path: string, content: string) => {
    mkdirSync(join(place(path), '..'), {recursive: true})
    writeFileSync(place(path), content, {mode: 0o600})
  }
  for (const [path, content] of Object.entries(mounts)) replace(path, content)
  mkdirSync(place('/state'), {recursive: true})
  const folders = ['/server/', '/clients/', '/identity/', '/authority/', '/state/']
  let text = folders.reduce((all, each) => all.replaceAll(`"${each}`, `"${place(each)}`), setup.configuration)
  for (const [from, to] of Object.entries(here)) {
    if (!text.includes(from)) throw new Error(`the configuration of ${name} does not have ${from}`)
    text = text.replaceAll(from, to)
  }
  const configuration = parse(text) as CollectorConfiguration
  adapt?.(configuration)
  writeFileSync(join(folder, 'config.yaml'), printYaml(configuration as never))
  const running = await startProgram(
    {
      name,
      file: collectorProgram(root),
      args: [`--config=${join(folder, 'config.yaml')}`],
      env,
      logs: setup.folder,
      remedy: 'npm run tools -- --identities builds it',
    },
    async () => (await fetch(`http://127.0.0.1:${health}/`).catch(() => undefined))?.ok ?? false,
  )
  return {running, replace, log: () => readFileSync(join(setup.folder, `${name}.log`), 'utf8')}
}
