import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {run} from '../../../generator/verify/run.ts'
import {freePort} from '../../e2e/harness/ports.ts'
import {startProgram} from '../../e2e/harness/processes.ts'
import {basicAuthorization, type Login} from '../../support/login.ts'

export interface Influxdb {
  port: number
  /** Runs statements as a user; the rows of all results, or the error. */
  query: (login: Login, statement: string) => Promise<{rows: unknown[][]; error: string | undefined}>
  stop: () => Promise<void>
}

/** Starts the real InfluxDB with an administrator, as the image does at its first start. */
export async function startInfluxdb(folder: string, admin: Login): Promise<Influxdb> {
  const [port, backup] = [await freePort(), await freePort()]
  const settings = [
    'reporting-disabled = true',
    `bind-address = "127.0.0.1:${backup}"`,
    `[meta]\n  dir = "${join(folder, 'meta')}"`,
    `[data]\n  dir = "${join(folder, 'data')}"\n  wal-dir = "${join(folder, 'wal')}"`,
    `[http]\n  bind-address = "127.0.0.1:${port}"\n  auth-enabled = true\n  log-enabled = false`,
  ]
  writeFileSync(join(folder, 'influxdb.conf'), `${settings.join('\n')}\n`)
  const url = `http://127.0.0.1:${port}`
  const running = await startProgram(
    {
      name: 'influxd',
      file: 'influxd',
      args: ['-config', join(folder, 'influxdb.conf')],
      logs: folder,
      remedy: 'install InfluxDB 1, such as with apt-get install influxdb influxdb-client',
    },
    async () => (await fetch(`${url}/ping`).catch(() => undefined))?.ok ?? false,
  )
  const query: Influxdb['query'] = async (login, statement) => {
    const response = await fetch(`${url}/query`, {
      method: 'POST',
      headers: {authorization: basicAuthorization(login)},
      body: new URLSearchParams({q: statement, db: 'opentsdb'}),
    })
    const {results = [], error} = (await response.json()) as {
      results?: {series?: {values?: unknown[][]}[]; error?: string}[]
      error?: string
    }
    const rows = results.flatMap(({series = []}) => series.flatMap(({values = []}) => values))
    return {rows, error: error ?? results.find((result) => result.error)?.error}
  }
  const create = `CREATE USER "${admin.username}" WITH PASSWORD '${admin.password}' WITH ALL PRIVILEGES`
  await query({username: '', password: ''}, create)
  return {port, query, stop: () => running.stop()}
}

/** Runs the rendered script that keeps accounts, with the values of Secret influxdb-credentials. */
export async function keepAccounts(
  script: string,
  port: number,
  values: Readonly<Record<string, string>>,
): Promise<void> {
  const names = Object.entries(values).map(([key, value]) => [key.toUpperCase().replaceAll('-', '_'), value])
  const env = {...Object.fromEntries(names), RETENTION: '30d', HOME: '/tmp'}
  const here = script.replaceAll('-host influxdb', `-host 127.0.0.1 -port ${port}`)
  const {exitCode, stdout, stderr} = await run('sh', ['-c', here], {env})
  if (exitCode !== 0) throw new Error(stdout + stderr)
}
