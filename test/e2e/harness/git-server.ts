import {spawn} from 'node:child_process'
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http'
import {basicAuthorization, type Login} from '../../support/login.ts'
import {listen} from './listen.ts'

export interface GitServer {
  url: string
  /** Closes the port, as when the line is cut. */
  goAway: () => Promise<void>
  comeBack: () => Promise<void>
  stop: () => Promise<void>
}

/** Serves the bare repository `folder`/repository.git with the real `git http-backend`, behind a login if one is given. */
export async function startGitServer(folder: string, login?: Login): Promise<GitServer> {
  const serve = () => createServer((request, response) => answer({folder, login, request, response}))
  let server: Server | undefined = serve()
  const port = await listen(server)
  const close = async () => {
    const open = server
    server = undefined
    open?.closeAllConnections()
    await new Promise((resolve) => (open ? open.close(resolve) : resolve(undefined)))
  }
  return {
    url: `http://127.0.0.1:${port}/repository.git`,
    goAway: close,
    comeBack: async () => {
      server = serve()
      await listen(server, port)
    },
    stop: close,
  }
}

interface Call {
  folder: string
  login: Login | undefined
  request: IncomingMessage
  response: ServerResponse
}

/** A program of the Common Gateway Interface (RFC 3875): the request in its environment, headers before its answer. */
function answer({folder, login, request, response}: Call): void {
  if (login && request.headers.authorization !== basicAuthorization(login)) {
    response.writeHead(401, {'www-authenticate': 'Basic realm="git"'}).end()
    return
  }
  const {pathname, search} = new URL(request.url ?? '/', 'http://127.0.0.1')
  const child = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env.PATH,
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      REMOTE_ADDR: '127.0.0.1',
    },
  })
  request.pipe(child.stdin)
  child.stdin.on('error', () => {})
  let head: Buffer | undefined = Buffer.alloc(0)
  child.stdout.on('data', (chunk: Buffer) => {
    if (!head) return void response.write(chunk)
    head = Buffer.concat([head, chunk])
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) return
    response.writeHead(...headOf(head.subarray(0, end).toString()))
    response.write(head.subarray(end + 4))
    head = undefined
  })
  child.on('close', () => response.end())
}

function headOf(text: string): [number, Record<string, string>] {
  const headers = Object.fromEntries(
    text
      .split('\r\n')
      .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )
  const {status, ...rest} = headers
  return [Number(status?.slice(0, 3) ?? 200), rest]
}
