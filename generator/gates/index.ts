import type {LayerDefinition} from '../component.ts'
import {airGapGate} from './air-gap.ts'
import architecture from './architecture.ts'
import contract from './contract.ts'
import {determinismGate, type RenderAgain} from './determinism.ts'
import disconnected from './disconnected.ts'
import type {Gate} from './gate.ts'
import order from './order.ts'
import outage from './outage.ts'
import references from './references.ts'
import resources from './resources.ts'
import schemas from './schemas.ts'
import {secretsGate} from './secrets.ts'
import substitution from './substitution.ts'
import values from './values.ts'

/** What gates need to know of rendering, which is above them. */
export interface GateNeeds {
  layers: readonly LayerDefinition[]
  digest: () => string
  again: RenderAgain
}

/** All gates, in the order in which they are shown. */
export function gates({layers, digest, again}: GateNeeds): readonly Gate[] {
  return [
    contract,
    architecture,
    disconnected,
    resources,
    outage,
    order,
    references,
    secretsGate(layers),
    values,
    schemas,
    substitution,
    determinismGate(digest, again),
    airGapGate(layers),
  ]
}
