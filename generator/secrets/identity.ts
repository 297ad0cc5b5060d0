import {edgeUser, type SecretValue} from '../secret.ts'
import type {Bundle} from './bundle.ts'
import {isPair, newClientCertificate} from './certificate.ts'
import {type PlannedSecret, partsIn} from './plan.ts'
import {newPassword, newStreamKey} from './values.ts'

/** The parts of the identity of an edge cluster. */
export type Identity = Record<Extract<SecretValue, {kind: 'identity'}>['part'], string>

/** The identity of an edge cluster: what its Secrets hold, and new parts in place of those that are missing. */
export async function completeIdentity(
  cluster: string,
  planned: readonly PlannedSecret[],
  present: Bundle,
  now: Date,
): Promise<Identity> {
  const found: Partial<Identity> = partsIn(planned, present, 'identity')
  const pair = {certificate: found.certificate ?? '', privateKey: found.privateKey ?? ''}
  return {
    user: edgeUser(cluster),
    password: found.password ?? newPassword(),
    streamKey: found.streamKey ?? newStreamKey(),
    ...(isPair(pair) ? pair : await newClientCertificate(now)),
  }
}
