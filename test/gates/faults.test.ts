import {existsSync, readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import test from 'ava'
import {parse} from 'yaml'
import {gateNames} from '../../generator/environment/verification.ts'
import {printIssues} from '../../generator/issue/print.ts'
import {hasUpstreamData} from '../support/upstream.ts'
import {type Edit, repositoryWith, verifyIn} from './support/repository.ts'

interface Fault {
  fault: string
  edits: Edit[]
}

const folder = join(import.meta.dirname, 'faults')
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => name.slice(0, -'.yaml'.length))

/** The gate is the first part of the name of the file. */
function gateOf(name: string): string {
  return gateNames.find((gate) => name.startsWith(`${gate}-`)) ?? 'none'
}

test('the repository without a fault passes every gate', async (t) => {
  if (!hasUpstreamData(t)) return
  const {issues, text} = await verifyIn(repositoryWith(t), {complete: true})
  t.deepEqual(
    issues.filter(({severity}) => severity === 'error'),
    [],
  )
  t.regex(text ?? '', /contract +ok/)
})

test('every gate has a fault', (t) => {
  t.deepEqual(
    gateNames.filter((gate) => !names.some((name) => gateOf(name) === gate)),
    [],
  )
})

for (const name of names) {
  const {fault, edits} = parse(readFileSync(join(folder, `${name}.yaml`), 'utf8')) as Fault
  const gate = gateOf(name)

  test(`gate ${gate} alone finds that ${fault}`, async (t) => {
    if (!hasUpstreamData(t)) return
    const {issues} = await verifyIn(repositoryWith(t, edits))
    const errors = issues.filter(({severity}) => severity === 'error')
    t.true(errors.length > 0)
    t.deepEqual([...new Set(errors.map((issue) => issue.gate))], [gate as never])
    const printed = `${printIssues(errors)}\n`
    const expected = join(folder, `${name}.txt`)
    // For a new fault: the message is written once, for a person to read and correct.
    if (!existsSync(expected) && !process.env.CI) writeFileSync(expected, printed)
    t.is(printed, readFileSync(expected, 'utf8'))
  })
}
