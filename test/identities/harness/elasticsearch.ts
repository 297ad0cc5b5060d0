import {chownSync, cpSync, existsSync, mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {elasticsearchFolder} from '../../../generator/verify/elasticsearch.ts'
import {run} from '../../../generator/verify/run.ts'
import {freePort} from '../../e2e/harness/ports.ts'
import {startProgram} from '../../e2e/harness/processes.ts'
import {basicAuthorization, type Login} from '../../support/login.ts'
import {root} from '../../support/paths.ts'

/** A user that is nobody in particular: Elasticsearch does not run as root. */
const nobody = 65_534

export interface Elasticsearch {
  url: string
  /** Puts files of the file realm in place, as ECK does; Elasticsearch reads them again by itself. */
  setFile: (name: 'users' | 'users_roles' | 'roles.yml', content: string) => void
  /** What a user gets as answer. */
  ask: (login: Login, method: string, path: string, body?: string | object) => Promise<Answer>
  stop: () => Promise<void>
}

export interface Answer {
  status: number
  body: Record<string, unknown>
}

/** Starts the real Elasticsearch with these files of the file realm. */
export async function startElasticsearch(
  folder: string,
  files: Record<'users' | 'users_roles' | 'roles.yml', string>,
): Promise<Elasticsearch> {
  const home = elasticsearchFolder(root)
  const config = join(folder, 'config')
  cpSync(join(home, 'config'), config, {recursive: true})
  const [port, transport] = [await freePort(), await freePort()]
  const settings = [
    'discovery.type: single-node',
    'network.host: 127.0.0.1',
    `http.port: ${port}`,
    `transport.port: ${transport}`,
    `path.data: ${join(folder, 'data')}`,
    `path.logs: ${join(folder, 'logs')}`,
    'xpack.security.enabled: true',
    // TLS to it ends at the ingress, which is no part of this test.
    'xpack.security.http.ssl.enabled: false',
    'xpack.security.transport.ssl.enabled: false',
    'resource.reload.interval.high: 1s',
  ]
  writeFileSync(join(config, 'elasticsearch.yml'), `${settings.join('\n')}\n`)
  writeFileSync(join(config, 'jvm.options.d/heap.options'), '-Xms512m\n-Xmx512m\n')
  for (const [name, content] of Object.entries(files)) writeFileSync(join(config, name), content)
  for (const name of ['data', 'logs', 'tmp']) mkdirSync(join(folder, name))
  const owner = process.getuid?.() === 0 ? nobody : undefined
  if (owner) await run('chown', ['-R', `${owner}:${owner}`, folder])
  const url = `http://127.0.0.1:${port}`
  const running = await startProgram(
    {
      name: 'elasticsearch',
      file: join(home, 'bin/elasticsearch'),
      args: [],
      env: {ES_PATH_CONF: config, ES_JAVA_HOME: await javaHome(), ES_TMPDIR: join(folder, 'tmp')},
      logs: folder,
      remedy: 'npm run tools -- --identities fetches it',
      ...(owner ? {user: owner} : {}),
    },
    async () => (await fetch(url).catch(() => undefined))?.status === 401,
  )
  return {
    url,
    setFile: (name, content) => {
      writeFileSync(join(config, name), content)
      if (owner) chownSync(join(config, name), owner, owner)
    },
    ask: (login, method, path, body) => ask(url, login, method, path, body),
    stop: () => running.stop(),
  }
}

async function ask(url: string, login: Login, method: string, path: string, body?: string | object): Promise<Answer> {
  const type = typeof body === 'string' ? 'application/x-ndjson' : 'application/json'
  const response = await fetch(`${url}/${path}`, {
    method,
    headers: {authorization: basicAuthorization(login), 'content-type': type},
    ...(body === undefined ? {} : {body: typeof body === 'string' ? body : JSON.stringify(body)}),
  })
  const text = await response.text()
  return {status: response.status, body: text.startsWith('{') ? JSON.parse(text) : {text}}
}

/** The Java that is on PATH. */
async function javaHome(): Promise<string> {
  const {stderr} = await run('java', ['-XshowSettings:properties', '-version'])
  const home = /java\.home = (.+)/.exec(stderr)?.[1]?.trim()
  if (!home || !existsSync(home)) throw new Error('Cannot run Elasticsearch: there is no Java on PATH')
  return home
}
