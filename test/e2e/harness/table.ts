import type {ExecutionContext} from 'ava'
import {reconciledObjects} from './checks.ts'
import type {RunningEnvironment} from './environment.ts'

interface Row {
  scenario: string
  clusters: number
  objects: number
  seconds: number
}

const rows: Row[] = []

/** Runs the part of a scenario from commit to Ready, and keeps its time for the table. */
export async function measured(
  t: ExecutionContext,
  {fleet}: RunningEnvironment,
  scenario: () => Promise<void>,
): Promise<void> {
  const start = performance.now()
  await scenario()
  const seconds = Math.round((performance.now() - start) / 1000)
  const members = [...fleet.members.values()]
  const objects = await Promise.all(members.map(async (member) => (await reconciledObjects(member)).length))
  const sum = objects.reduce((total, count) => total + count, 0)
  rows.push({scenario: t.title, clusters: members.length, objects: sum, seconds})
  t.log(`${seconds} s from commit to Ready`)
}

/** Prints what was measured, and the most memory that each program of what reconciles held. */
export function printTable({name, fleet}: RunningEnvironment): void {
  const lines = rows.map(({scenario, clusters, objects, seconds}) =>
    [name, scenario, `${clusters} clusters`, `${objects} objects`, `${seconds} s`].join(' | '),
  )
  const programs = [...fleet.members.values()].flatMap(({reconciler}) => reconciler?.processes() ?? [])
  const held = programs.map((program) => `${program.name} ${program.peakMebibytes()} MiB`)
  process.stderr.write(`\n${lines.join('\n')}\n${name} | most memory: ${held.join(', ')}\n\n`)
}
