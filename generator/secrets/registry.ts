import type {ServiceUser} from '../secret.ts'
import {edgeUser} from '../secret.ts'
import {type Bundle, idOf} from './bundle.ts'
import {certificatesIn} from './certificate.ts'
import type {PlannedSecret} from './plan.ts'
import {valuesOfKeys} from './plan.ts'

/** Whom the cloud lets in: what its Secrets say of edge clusters, operators and programs, taken apart. */
export interface Registry {
  /** Hashes of the file realm of Elasticsearch, by user. */
  hashes: Map<string, string>
  /** Bcrypt hashes of basic auth, by operator. */
  logins: Map<string, string>
  /** Stream keys of Netdata, by edge cluster. */
  streamKeys: Map<string, string>
  /** Client certificates, by edge cluster. */
  certificates: Map<string, string>
}

/** What the Secrets of the cloud say; nothing of what they lack. */
export function readRegistry(bundle: Bundle, planned: readonly PlannedSecret[]): Registry {
  const registry: Registry = {hashes: new Map(), logins: new Map(), streamKeys: new Map(), certificates: new Map()}
  for (const secret of planned) {
    const present = bundle.get(idOf(secret))
    if (!present) continue
    if (typeof secret.keys === 'string') registry.streamKeys = new Map(Object.entries(present.values))
    for (const [key, value] of valuesOfKeys(secret)) {
      const text = present.values[key] ?? ''
      if (value.kind === 'clientCertificates') registry.certificates = readCertificates(text)
      if (value.kind === 'operatorLogins') registry.logins = readLines(text)
      if (value.kind === 'fileRealm' && value.file === 'users') registry.hashes = readLines(text)
    }
  }
  return registry
}

/** `name:hash` lines. */
export function readLines(text: string): Map<string, string> {
  const lines = text.split('\n').filter((line) => line.includes(':') && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]))
}

export function printLines(entries: ReadonlyMap<string, string>): string {
  return [...sorted(entries)].map(([name, hash]) => `${name}:${hash}\n`).join('')
}

/** Certificates with the name of their edge cluster above each; what reads PEM passes over it. */
export function readCertificates(text: string): Map<string, string> {
  const parts = text.split(/^# edge cluster /m).slice(1)
  return new Map(
    parts.flatMap((part): [string, string][] => {
      const [certificate] = certificatesIn(part)
      return certificate ? [[part.slice(0, part.indexOf('\n')), certificate]] : []
    }),
  )
}

export function printCertificates(certificates: ReadonlyMap<string, string>): string {
  return [...sorted(certificates)].map(([cluster, pem]) => `# edge cluster ${cluster}\n${pem}`).join('')
}

/** users_roles of Elasticsearch: `role:user,user`. */
export function printRoles(
  operators: readonly string[],
  services: readonly ServiceUser[],
  operatorRoles: readonly string[],
  edgeClusters: readonly string[],
): string {
  const lines = [
    ...operatorRoles.map((role) => `${role}:${[...operators].sort().join(',')}`),
    ...services.map(({name, role}) => `${role}:${name}`),
    ...edgeClusters.map((cluster) => `${edgeUser(cluster)}:${edgeUser(cluster)}`).sort(),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

function sorted(entries: ReadonlyMap<string, string>): [string, string][] {
  return [...entries].sort(([a], [b]) => (a < b ? -1 : 1))
}
