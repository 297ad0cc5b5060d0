import {randomBytes} from 'node:crypto'
import type {Environment} from '../environment/schema.ts'
import {secondsOf} from '../gitops/intervals.ts'
import {certificatesIn, crossSigned, day, madeAt, newAuthority, subjectOf} from './certificate.ts'

/** Who signs what the cloud serves, and whom the edges trust. */
export interface Authority {
  /** What certificates are signed with: the authority and, after a rotation, what leads from it to the older one. */
  chain: string
  privateKey: string
  /** Certificates that edges trust: the newest first. */
  trusted: string
}

/** Days that a certificate of cert-manager lasts where nothing else is said (cert-manager.io/docs/usage/certificate). */
const serverCertificateDays = 90

/** An authority for an environment that has none. */
export async function firstAuthority({name}: Environment, now: Date): Promise<Authority> {
  const {certificate, privateKey} = await newAuthority(subject(name, now), now)
  return {chain: certificate, privateKey, trusted: certificate}
}

/**
 * A new authority that signs from now on, while the older one stays trusted. Edges that are offline know only the older
 * one: the chain leads them from the new one to it.
 */
export async function nextAuthority({name}: Environment, present: Authority, now: Date): Promise<Authority> {
  const [older = ''] = certificatesIn(present.trusted)
  const next = await newAuthority(subject(name, now), now)
  const cross = await crossSigned(next, {certificate: older, privateKey: present.privateKey})
  return {chain: cross + older, privateKey: next.privateKey, trusted: next.certificate + older}
}

/** The newest authority alone: nobody needs the older one any more. */
export function withoutOlder(present: Authority): Authority {
  const [newest = ''] = certificatesIn(present.trusted)
  return {...present, chain: newest, trusted: newest}
}

/** Whether an older authority is still trusted. */
export function hasOlder({trusted}: {trusted: string}): boolean {
  return certificatesIn(trusted).length > 1
}

/**
 * From when nobody needs the older authority: every edge has been online since the rotation, and every certificate
 * that the older one signed has ended.
 */
export function retirementOf({trusted}: {trusted: string}, {outage}: Environment): Date {
  const [newest = ''] = certificatesIn(trusted)
  const wait = Math.max(secondsOf(outage.survive) * 1000, serverCertificateDays * day)
  return new Date(madeAt(newest).getTime() + wait)
}

/** Whether a certificate is that of an authority made here. */
export function isOwn(certificate: string, environment: string): boolean {
  return subjectOf(certificate).startsWith(`CN=${ownName} ${environment} `)
}

const ownName = 'SMARTER'

/** Another one at each rotation, because a chain is built by names. */
function subject(environment: string, now: Date): string {
  return `${ownName} ${environment} ${now.toISOString().slice(0, 10)} ${randomBytes(3).toString('hex')}`
}
