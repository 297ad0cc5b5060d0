import {mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import type {KubernetesObject} from '../../../generator/component.ts'
import {run} from '../../../generator/verify/run.ts'
import {type Running, startProgram} from '../../e2e/harness/processes.ts'
import {fileOf} from './system.ts'

export interface Netdata {
  running: Running
  log: () => string
}

interface Setup {
  name: string
  folder: string
  /** Rendered objects of parent or child. */
  objects: readonly KubernetesObject[]
  /** Files that are mounted into the pod, by their path there. */
  mounts: Readonly<Record<string, string>>
  /** What stands in the configuration and is another thing here. */
  here: Readonly<Record<string, string>>
  env?: Record<string, string>
  ready: () => Promise<boolean>
}

/** Folders of the pod, longest first where one is in another. */
const folders = ['/etc/netdata', '/authority', '/identity', '/config', '/server', '/keys', '/tmp/inputs']

/**
 * Starts the real Netdata with configuration files that the rendered start script has made of rendered files and
 * Secrets. Of the script only the end is left out, which gives files to the user of the image and starts its run.sh.
 */
export async function startNetdata(setup: Setup): Promise<Netdata> {
  const {name, objects, mounts, here, env = {}, ready} = setup
  const folder = join(setup.folder, name)
  const place = (text: string) => folders.reduce((all, each) => all.replaceAll(each, join(folder, each)), text)
  for (const path of ['/etc/netdata', '/config', '/tmp', '/lib', '/cache', '/run']) {
    mkdirSync(join(folder, path), {recursive: true})
  }
  for (const [path, content] of Object.entries(mounts)) {
    mkdirSync(join(folder, path, '..'), {recursive: true})
    writeFileSync(join(folder, path), content)
  }
  for (const file of ['netdata.conf', 'stream.conf', 'exporting.conf']) {
    const text = tryFile(objects, file)
    if (text !== undefined) writeFileSync(join(folder, 'config', file), adapted(place(text), here))
  }
  const script = place(fileOf(objects, 'ConfigMap', 'start.sh')).replace(/^chown[\s\S]*$/m, '')
  const {exitCode, stderr} = await run('sh', ['-c', script], {env})
  if (exitCode !== 0) throw new Error(stderr)
  const configuration = join(folder, 'etc/netdata/netdata.conf')
  writeFileSync(configuration, readFileSync(configuration, 'utf8') + directories(folder))
  const running = await startProgram(
    {
      name,
      file: 'netdata',
      args: ['-D', '-c', configuration],
      env: {...env, DO_NOT_TRACK: '1', DISABLE_TELEMETRY: '1'},
      logs: setup.folder,
      remedy: 'install it, such as with apt-get install netdata',
    },
    ready,
  )
  return {running, log: () => readFileSync(join(setup.folder, `${name}.log`), 'utf8')}
}

function tryFile(objects: readonly KubernetesObject[], file: string): string | undefined {
  try {
    return fileOf(objects, 'ConfigMap', file)
  } catch {
    return undefined
  }
}

/** The name of 2.x and the name of 1.37 for the log of the daemon. */
const renamed = {'daemon = stderr': 'error = stderr'}

function adapted(text: string, here: Readonly<Record<string, string>>): string {
  return Object.entries({...here, ...renamed}).reduce((all, [from, to]) => all.replaceAll(from, to), text)
}

/** Netdata repeats sections: the later one adds to the earlier. */
function directories(folder: string): string {
  const places = {config: 'etc/netdata', lib: 'lib', cache: 'cache', log: 'run', home: 'lib', lock: 'run'}
  const lines = Object.entries(places).map(([key, path]) => `    ${key} = ${join(folder, path)}`)
  return `[directories]\n${lines.join('\n')}\n[global]\n    run as user = ${process.env.USER ?? 'root'}\n`
}
