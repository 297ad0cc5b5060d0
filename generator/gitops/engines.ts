import type {Environment} from '../environment/schema.ts'
import {argo} from './argo.ts'
import type {Engine} from './engine.ts'
import {flux} from './flux.ts'

const engines: Record<Engine['name'], Engine> = {flux, argo}

/** What reconciles the clusters of an environment. */
export function engineOf({git}: Environment): Engine {
  return engines[git.engine]
}
