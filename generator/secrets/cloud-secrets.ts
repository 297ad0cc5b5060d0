import type {Site} from '../component.ts'
import {edgeUser, type SecretValue, type ServiceUser} from '../secret.ts'
import type {Authority} from './authority.ts'
import {type Bundle, idOf} from './bundle.ts'
import {elasticHash, isElasticHashOf} from './hash.ts'
import type {Identity} from './identity.ts'
import {holds, type PlannedSecret, valuesOfKeys} from './plan.ts'
import {printCertificates, printLines, printRoles, type Registry} from './registry.ts'
import {marksOf} from './seen.ts'
import {compose, type Sources} from './values.ts'

/** Enters the identity of an edge cluster; a hash that is its password's stays as it is. */
export function register(registry: Registry, cluster: string, identity: Identity): void {
  enterHash(registry.hashes, edgeUser(cluster), identity.password)
  registry.streamKeys.set(cluster, identity.streamKey)
  registry.certificates.set(cluster, identity.certificate)
}

/** Strikes out whom the environment does not name. */
export function strikeOut(
  registry: Registry,
  {environment, edgeClusters}: Site,
  services: readonly ServiceUser[],
): void {
  const clusters = new Set(edgeClusters.map(({name}) => name))
  const operators = new Set(environment.secrets?.operators.map(({name}) => name))
  const users = new Set([...operators, ...services.map(({name}) => name), ...[...clusters].map(edgeUser)])
  keepOnly(registry.hashes, users)
  keepOnly(registry.logins, operators)
  keepOnly(registry.streamKeys, clusters)
  keepOnly(registry.certificates, clusters)
}

function keepOnly(entries: Map<string, string>, names: ReadonlySet<string>): void {
  for (const name of [...entries.keys()]) if (!names.has(name)) entries.delete(name)
}

/** The Secrets of the cloud, with everybody who is in the registry let in. */
export function composeCloud(options: {
  site: Site
  planned: readonly PlannedSecret[]
  present: Bundle
  registry: Registry
  authority: Authority | undefined
  rotated: ReadonlySet<string>
  declared: ReadonlySet<string>
}): Bundle {
  const {site, planned, present, registry, authority, rotated, declared} = options
  const sources: Sources = {
    rotated,
    perEdge: () => Object.fromEntries([...registry.streamKeys].sort(([a], [b]) => (a < b ? -1 : 1))),
    annotationsOf: (secret) => marksOf(secret, {authority: authority?.trusted}),
    workOut: (value) => workedOut(value, {site, registry, authority}),
  }
  const ofUsers = planned.filter((secret) => holds(secret, 'fileRealm'))
  const others = compose(
    planned.filter((secret) => !ofUsers.includes(secret)),
    present,
    sources,
  )
  for (const service of servicesOf(planned)) enterService(registry, service, planned, others)
  return withOthers(new Map([...others, ...compose(ofUsers, present, sources)]), present, declared)
}

/** And what somebody has added to the file; what is ours and not needed any more goes. */
export function withOthers(composed: Bundle, present: Bundle, declared: ReadonlySet<string>): Bundle {
  return new Map([...composed, ...[...present].filter(([id]) => !composed.has(id) && !declared.has(id))])
}

/** The programs that log in to Elasticsearch. */
export function servicesOf(planned: readonly PlannedSecret[]): readonly ServiceUser[] {
  return planned
    .flatMap(valuesOfKeys)
    .flatMap(([, value]) => (value.kind === 'fileRealm' && value.file === 'users' ? value.services : []))
}

function enterService(
  registry: Registry,
  {name, secret}: ServiceUser,
  planned: readonly PlannedSecret[],
  composed: Bundle,
): void {
  const plan = planned.find((each) => each.name === secret)
  const [passwordKey = ''] = plan ? (valuesOfKeys(plan).find(([, {kind}]) => kind === 'password') ?? []) : []
  const password = plan && composed.get(idOf(plan))?.values[passwordKey]
  if (password) enterHash(registry.hashes, name, password)
}

function enterHash(hashes: Map<string, string>, user: string, password: string): void {
  if (!isElasticHashOf(hashes.get(user) ?? '', password)) hashes.set(user, elasticHash(password))
}

function workedOut(
  value: SecretValue,
  {site, registry, authority}: {site: Site; registry: Registry; authority: Authority | undefined},
): string | undefined {
  const operators = site.environment.secrets?.operators.map(({name}) => name) ?? []
  const clusters = site.edgeClusters.map(({name}) => name)
  switch (value.kind) {
    case 'text':
      return value.text
    case 'authority':
      return authority?.[value.part]
    case 'clientCertificates':
      return printCertificates(registry.certificates)
    case 'operatorLogins':
      return printLines(registry.logins)
    case 'fileRealm':
      return value.file === 'users'
        ? printLines(registry.hashes)
        : printRoles(operators, value.services, value.operatorRoles, clusters)
    default:
      return undefined
  }
}
