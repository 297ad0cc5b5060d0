import {generateKeyPairSync, randomBytes} from 'node:crypto'
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {printYaml} from '../../../generator/yaml/print.ts'
import {Api} from './api.ts'
import {freePort} from './ports.ts'
import {type Running, startProgram} from './processes.ts'
import {program} from './programs.ts'

/** Address, authority as PEM, and the token of an administrator. */
export interface Access {
  server: string
  ca: string
  token: string
}

/** A cluster without machines: its API server, controllers and scheduler are real. */
export interface ControlPlane {
  name: string
  folder: string
  api: Api
  /** How it is reached. */
  access: Access
  /** The same for kubectl and controllers. */
  kubeconfig: string
  kubeconfigFile: string
  /** Ends the API server at once, and starts it again on its data. */
  restartApiServer: () => Promise<void>
  stop: () => Promise<void>
}

/** The store of all clusters of a test, each below a prefix of its own. */
export async function startEtcd(folder: string): Promise<{url: string; process: Running}> {
  const [client, peer] = [await freePort(), await freePort()]
  const url = `http://127.0.0.1:${client}`
  const peers = `http://127.0.0.1:${peer}`
  const args = [
    `--data-dir=${join(folder, 'etcd')}`,
    `--listen-client-urls=${url}`,
    `--advertise-client-urls=${url}`,
    `--listen-peer-urls=${peers}`,
    `--initial-advertise-peer-urls=${peers}`,
    `--initial-cluster=default=${peers}`,
    '--unsafe-no-fsync',
    '--log-level=warn',
  ]
  const ready = async () => (await fetch(`${url}/readyz`).catch(() => undefined))?.ok ?? false
  return {url, process: await startProgram({name: 'etcd', file: program('etcd'), args, logs: folder}, ready)}
}

/**
 * Starts a cluster. Admission webhooks are off: the API server calls them at the address of a Service, where nothing
 * listens here. All other admission is on, pod security among it.
 */
export async function startControlPlane(name: string, base: string, etcd: string): Promise<ControlPlane> {
  const folder = join(base, name)
  mkdirSync(folder, {recursive: true})
  const port = await freePort()
  const server = `https://127.0.0.1:${port}`
  const token = randomBytes(16).toString('hex')
  const files = writeCredentials(folder, token)
  const startApiServer = () => apiServer({name, folder, port, etcd, ...files}, server)
  let api = await startApiServer()
  const ca = readFileSync(files.certificate, 'utf8')
  const access = {server, ca, token}
  const kubeconfig = kubeconfigOf(name, access)
  const kubeconfigFile = join(folder, 'kubeconfig')
  writeFileSync(kubeconfigFile, kubeconfig, {mode: 0o600})
  const client = new Api(access)
  const others = [
    await controllerManager(name, folder, kubeconfigFile, files),
    await scheduler(name, folder, kubeconfigFile),
  ]
  return {
    name,
    folder,
    api: client,
    access,
    kubeconfig,
    kubeconfigFile,
    restartApiServer: async () => {
      await api.kill()
      api = await startApiServer()
    },
    stop: async () => {
      client.close()
      await Promise.all(others.map((other) => other.stop()))
      await api.kill()
    },
  }
}

interface Files {
  /** The API server makes it itself; it is its own authority. */
  certificate: string
  tokens: string
  signingKey: string
}

function writeCredentials(folder: string, token: string): Files {
  const {privateKey} = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: {type: 'pkcs1', format: 'pem'},
    publicKeyEncoding: {type: 'spki', format: 'pem'},
  })
  const files = {
    certificate: join(folder, 'apiserver.crt'),
    tokens: join(folder, 'tokens.csv'),
    signingKey: join(folder, 'service-accounts.key'),
  }
  writeFileSync(files.tokens, `${token},e2e,e2e,system:masters\n`, {mode: 0o600})
  writeFileSync(files.signingKey, privateKey, {mode: 0o600})
  return files
}

interface ApiServerOptions extends Files {
  name: string
  folder: string
  port: number
  etcd: string
}

async function apiServer(options: ApiServerOptions, server: string): Promise<Running> {
  const {name, folder, port, etcd, tokens, signingKey, certificate} = options
  const args = [
    `--etcd-servers=${etcd}`,
    `--etcd-prefix=/${name}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${folder}`,
    `--token-auth-file=${tokens}`,
    '--service-cluster-ip-range=10.96.0.0/16',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${signingKey}`,
    `--service-account-signing-key-file=${signingKey}`,
    '--authorization-mode=Node,RBAC',
    '--allow-privileged=true',
    '--endpoint-reconciler-type=none',
    '--disable-admission-plugins=ValidatingAdmissionWebhook,MutatingAdmissionWebhook',
  ]
  const token = readFileSync(tokens, 'utf8').split(',')[0] ?? ''
  const ready = async () => {
    try {
      const api = new Api({server, ca: readFileSync(certificate, 'utf8'), token})
      const isReady = await api.isReady()
      api.close()
      return isReady
    } catch {
      return false
    }
  }
  return startProgram(
    {name: `${name}-kube-apiserver`, file: program('apiServer'), args, logs: join(folder, '..')},
    ready,
  )
}

async function controllerManager(name: string, folder: string, kubeconfig: string, files: Files): Promise<Running> {
  const port = await freePort()
  const args = [
    `--kubeconfig=${kubeconfig}`,
    `--service-account-private-key-file=${files.signingKey}`,
    `--root-ca-file=${files.certificate}`,
    '--leader-elect=false',
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${join(folder, 'controller-manager')}`,
  ]
  const file = program('controllerManager')
  return startProgram({name: `${name}-kube-controller-manager`, file, args, logs: join(folder, '..')}, listening(port))
}

async function scheduler(name: string, folder: string, kubeconfig: string): Promise<Running> {
  const port = await freePort()
  const args = [
    `--kubeconfig=${kubeconfig}`,
    '--leader-elect=false',
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${join(folder, 'scheduler')}`,
  ]
  const file = program('scheduler')
  return startProgram({name: `${name}-kube-scheduler`, file, args, logs: join(folder, '..')}, listening(port))
}

/** Its certificate is of its own making: that it speaks TLS is enough. */
function listening(port: number): () => Promise<boolean> {
  return async () => {
    const error = await fetch(`https://127.0.0.1:${port}/healthz`).catch((reason: Error) => reason)
    const code = error instanceof Error ? (error.cause as NodeJS.ErrnoException | undefined)?.code : ''
    return code !== 'ECONNREFUSED'
  }
}

function kubeconfigOf(name: string, {server, ca, token}: Access): string {
  return printYaml({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{name, cluster: {server, 'certificate-authority-data': base64(ca)}}],
    users: [{name, user: {token}}],
    contexts: [{name, context: {cluster: name, user: name}}],
  })
}

/** As certificates stand in objects of Kubernetes. */
export function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
