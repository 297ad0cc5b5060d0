import {existsSync} from 'node:fs'
import {join} from 'node:path'
import type {LayerDefinition, Site} from '../component.ts'
import type {Environment} from '../environment/schema.ts'
import {readRecipient, readSealedFile, type SealedFile, sealedPaths} from '../environment/sealed.ts'
import {secondsOf} from '../gitops/intervals.ts'
import type {Issue} from '../issue/issue.ts'
import {presentContent} from '../output/write.ts'
import {hasOlder, retirementOf} from './authority.ts'
import {authorityPath} from './authority-state.ts'
import {day} from './certificate.ts'
import {filesOfNobody} from './cluster-files.ts'
import {isLoginOf, operatorPath} from './operator-login.ts'
import {declaredSecrets, holds, type PlannedSecret, plannedSecrets} from './plan.ts'
import {missingIn, obsoleteIn, seenExpiry, wrongRecipients} from './seen.ts'

/** How long before its end a certificate is talked about, beside the longest outage. */
const noticeDays = 30

interface Check {
  root: string
  sites: readonly Site[]
  layers: readonly LayerDefinition[]
  now: Date
}

/** What is missing, ends too soon, or can be read by somebody who should not. Needs no key. */
export function checkSecrets({root, sites, layers, now}: Check): Issue[] {
  const [cloud, ...edges] = sites
  if (!cloud) return []
  return [
    ...[cloud, ...edges].flatMap((site) => clusterIssues({root, site, layers, now})),
    ...loginIssues(root, cloud.environment),
    ...authorityIssues(root, cloud.environment, now),
    ...filesOfNobody(root, cloud).map((path) => nobodys(path, cloud.environment)),
  ]
}

function clusterIssues({
  root,
  site,
  layers,
  now,
}: {
  root: string
  site: Site
  layers: readonly LayerDefinition[]
  now: Date
}): Issue[] {
  const {environment, cluster} = site
  const issues: Issue[] = []
  const place = {root, environment: environment.name, cluster: cluster.name}
  const path = sealedPaths(environment.name, cluster.name).secrets
  const hasSecrets = existsSync(join(root, path))
  const file = readSealedFile(place, issues)
  const recipient = hasSecrets ? readRecipient(place, issues) : undefined
  if (!file || !recipient) return issues
  const planned = plannedSecrets(site, layers)
  const expected = withoutUnknown(root, environment, planned)
  const operators = environment.secrets?.operators ?? []
  return [
    ...missingIn(file, expected).map((what) => missing(path, environment, what)),
    ...obsoleteIn(file, planned, declaredSecrets(site, layers)).map((id) =>
      problem(path, environment, `Nothing needs Secret ${id} any more`, 'removes it'),
    ),
    ...recipientIssues(path, environment, file, [...operators.map((operator) => operator.recipient), recipient]),
    ...expiryIssues(path, site, file, now),
    ...listIssues(path, site, file, planned),
  ]
}

/** With issuer self-signed nobody outside the cluster knows the authority until its certificate is put here. */
function withoutUnknown(
  root: string,
  {name, cloud}: Environment,
  planned: readonly PlannedSecret[],
): readonly PlannedSecret[] {
  const isKnown = cloud.certificates.issuer !== 'self-signed' || existsSync(join(root, authorityPath(name)))
  return planned.filter((secret) => isKnown || !holds(secret, 'authority'))
}

function missing(file: string, environment: Environment, what: string): Issue {
  return problem(file, environment, `Cannot do without ${what}: it is missing`, 'makes it')
}

function recipientIssues(
  file: string,
  environment: Environment,
  sealed: SealedFile,
  wanted: readonly string[],
): Issue[] {
  const {extra, missing: absent} = wrongRecipients(sealed, wanted)
  const nameOf = (recipient: string) =>
    environment.secrets?.operators.find((operator) => operator.recipient === recipient)?.name ?? 'the cluster itself'
  return [
    ...extra.map((recipient) =>
      problem(
        file,
        environment,
        `${recipient} can read this, and is neither an operator nor the cluster`,
        'takes it away',
      ),
    ),
    ...absent.map((recipient) => problem(file, environment, `${nameOf(recipient)} cannot read this`, 'mends it')),
  ]
}

function expiryIssues(file: string, site: Site, {secrets}: SealedFile, now: Date): Issue[] {
  return secrets.flatMap((secret): Issue[] => {
    const end = seenExpiry(secret)
    if (!end || (end.what === 'authority' && !isTold(site))) return []
    const {survive} = site.environment.outage
    const left = end.date.getTime() - now.getTime()
    const isLate = left <= secondsOf(survive) * 1000
    if (left > secondsOf(survive) * 1000 + noticeDays * day) return []
    const date = end.date.toISOString().slice(0, 10)
    const message = `The ${end.what} in Secret ${secret.name} ends on ${date}${isLate ? `, within an outage of ${survive}` : ''}`
    return [{severity: isLate ? 'error' : 'warning', code: 'expiry', file, message, fix: renewal(end.what, site)}]
  })
}

/** The authority is the same everywhere, so it is told of once. */
function isTold({cluster, edgeClusters, environment}: Site): boolean {
  const isOwn = environment.cloud.certificates.issuer === 'environment-ca'
  return isOwn ? cluster.role === 'cloud' : cluster.name === edgeClusters[0]?.name
}

function renewal(what: 'certificate' | 'authority', {environment, cluster}: Site): string {
  const command = `npm run secrets -- ${environment.name}`
  if (what === 'certificate') return `run ${command} --rotate ${cluster.name}`
  if (environment.cloud.certificates.issuer === 'environment-ca') return `run ${command} --rotate authority`
  return `renew Secret cloud-operators/environment-ca in the cloud cluster, put its ca.crt into ${authorityPath(environment.name)}, and run ${command}`
}

/** The names of the stream keys can be seen, and each edge cluster has one. */
function listIssues(
  file: string,
  {environment, edgeClusters}: Site,
  sealed: SealedFile,
  planned: readonly PlannedSecret[],
): Issue[] {
  const list = planned.find(({keys}) => typeof keys === 'string')
  const keys = sealed.secrets.find(({name}) => name === list?.name)?.keys
  if (!keys) return []
  const clusters = edgeClusters.map(({name}) => name)
  return [
    ...clusters
      .filter((name) => !keys.includes(name))
      .map((name) => problem(file, environment, `The cloud does not let edge cluster ${name} in`, 'mends it')),
    ...keys
      .filter((name) => !clusters.includes(name))
      .map((name) =>
        problem(file, environment, `The cloud still lets ${name} in, which is no edge cluster`, 'ends it'),
      ),
  ]
}

function loginIssues(root: string, environment: Environment): Issue[] {
  return (environment.secrets?.operators ?? []).flatMap(({name, recipient}): Issue[] => {
    const path = operatorPath(environment.name, name)
    if (isLoginOf(root, path, recipient)) return []
    return [problem(path, environment, `${name} has no login that only ${name} can read`, 'makes one')]
  })
}

/** The certificates that edges trust are public, so the end of a rotation can be told without a key. */
function authorityIssues(root: string, environment: Environment, now: Date): Issue[] {
  if (environment.cloud.certificates.issuer !== 'environment-ca') return []
  const file = authorityPath(environment.name)
  const trusted = presentContent(join(root, file))
  if (trusted === undefined) {
    return [
      problem(file, environment, 'The certificate of the authority is missing, which browsers are given', 'writes it'),
    ]
  }
  if (!hasOlder({trusted}) || now < retirementOf({trusted}, environment)) return []
  const fix = `run npm run secrets -- ${environment.name} --retire`
  return [{severity: 'warning', code: 'authority', file, message: 'The older authority is needed no more', fix}]
}

function nobodys(file: string, environment: Environment): Issue {
  return problem(
    file,
    environment,
    'This belongs to a cluster or an operator that the environment no longer has',
    'removes it',
  )
}

function problem(file: string, {name}: Environment, message: string, outcome: string): Issue {
  return {severity: 'error', code: 'secrets', file, message, fix: `run npm run secrets -- ${name}, which ${outcome}`}
}
