import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {isConflicted} from '../environment/sealed.ts'
import type {Issue} from '../issue/issue.ts'
import {IssueError} from '../issue/issue.ts'
import type {SecretValue} from '../secret.ts'
import {run} from '../verify/run.ts'
import {type Bundle, idOf, type PlainSecret, parseBundle} from './bundle.ts'
import {type PlannedSecret, valuesOfKeys} from './plan.ts'
import {printCertificates, printLines, readCertificates, readLines} from './registry.ts'
import type {Sops} from './sops.ts'
import {joinHistory} from './values.ts'

/** The two sides of a merge, and what they come from, decrypted. */
interface Sides {
  base: Bundle
  ours: Bundle
  theirs: Bundle
}

/** Secrets of a file, decrypted; where a merge has left a conflict, both sides of it merged. Undefined without a file. */
export async function openBundle(options: {
  root: string
  path: string
  planned: readonly PlannedSecret[]
  sops: Sops
  issues: Issue[]
}): Promise<Bundle | undefined> {
  const {root, path, planned, sops, issues} = options
  if (!existsSync(join(root, path))) return undefined
  const text = readFileSync(join(root, path), 'utf8')
  if (!isConflicted(text)) return parseBundle(path, await sops.decrypt(path, text))
  const sides = await sidesOf(root, path, sops)
  return mergeBundles(sides, planned, (name) => issues.push(bothChanged(path, name)))
}

async function sidesOf(root: string, path: string, sops: Sops): Promise<Sides> {
  const side = async (stage: 1 | 2 | 3) => {
    const {stdout, exitCode} = await run('git', ['show', `:${stage}:./${path}`], {cwd: root})
    if (exitCode === 0) return parseBundle(path, await sops.decrypt(path, `${stdout}\n`))
    // Both branches may have added the file.
    if (stage === 1) return new Map()
    throw new IssueError(unmergeable(path))
  }
  return {base: await side(1), ours: await side(2), theirs: await side(3)}
}

/** By three-way merge: what only one side changed is that; what both changed is ours, and `both` hears of it. */
export function mergeBundles(
  {base, ours, theirs}: Sides,
  planned: readonly PlannedSecret[],
  both: (secret: string) => void,
): Bundle {
  const ids = [...new Set([...ours.keys(), ...theirs.keys()])]
  const merged = ids.flatMap((id): [string, PlainSecret][] => {
    const plan = planned.find((secret) => idOf(secret) === id)
    const secret = mergeSecret({base: base.get(id), ours: ours.get(id), theirs: theirs.get(id)}, plan, () => both(id))
    return secret ? [[id, secret]] : []
  })
  return new Map(merged)
}

interface Three<Value> {
  base: Value | undefined
  ours: Value | undefined
  theirs: Value | undefined
}

function mergeSecret(
  {base, ours, theirs}: Three<PlainSecret>,
  plan: PlannedSecret | undefined,
  both: () => void,
): PlainSecret | undefined {
  const choose = chosen({base: print(base), ours: print(ours), theirs: print(theirs)})
  if (choose !== 'both') return choose === 'ours' ? ours : theirs
  const perEntry = plan && entryMergers(plan)
  if (!ours || !theirs || !perEntry) {
    both()
    return plan && ours && theirs ? withHistory(ours, theirs, plan) : (ours ?? theirs)
  }
  const keys = new Set([...Object.keys(ours.values), ...Object.keys(theirs.values)])
  const values = [...keys].flatMap((key): [string, string][] => {
    const three = {base: base?.values[key], ours: ours.values[key], theirs: theirs.values[key]}
    const value = perEntry(key)(three, both)
    return value === undefined ? [] : [[key, value]]
  })
  return {...ours, values: Object.fromEntries(values)}
}

/** Ours, which also remembers what theirs was: it may be in use where theirs has been deployed. */
function withHistory(ours: PlainSecret, theirs: PlainSecret, plan: PlannedSecret): PlainSecret {
  const values = {...ours.values}
  for (const [key, value] of valuesOfKeys(plan)) {
    if (value.kind !== 'previous') continue
    values[key] = joinHistory(theirs.values[value.of], ours.values[key], theirs.values[key])
  }
  return {...ours, values}
}

type Merger = (three: Three<string>, both: () => void) => string | undefined

/** How to merge the values of a Secret that is worked out of entries; undefined for one that belongs together. */
function entryMergers(plan: PlannedSecret): ((key: string) => Merger) | undefined {
  if (typeof plan.keys === 'string') return () => mergeText
  const mergers = new Map(valuesOfKeys(plan).map(([key, value]) => [key, mergerOf(value)]))
  if ([...mergers.values()].includes(undefined)) return undefined
  return (key) => mergers.get(key) ?? mergeText
}

function mergerOf(value: SecretValue): Merger | undefined {
  if (value.kind === 'clientCertificates') return mergeEntries(readCertificates, printCertificates)
  if (value.kind === 'operatorLogins') return mergeEntries(readLines, printLines)
  if (value.kind !== 'fileRealm') return undefined
  // Who has which role is worked out again.
  return value.file === 'users' ? mergeEntries(readLines, printLines) : ({ours}) => ours
}

function mergeEntries(
  read: (text: string) => Map<string, string>,
  write: (entries: ReadonlyMap<string, string>) => string,
): Merger {
  return (three, both) => {
    const [base, ours, theirs] = [three.base, three.ours, three.theirs].map((text) => read(text ?? ''))
    const names = new Set([...(ours?.keys() ?? []), ...(theirs?.keys() ?? [])])
    const entries = [...names].flatMap((name): [string, string][] => {
      const entry = mergeText({base: base?.get(name), ours: ours?.get(name), theirs: theirs?.get(name)}, both)
      return entry === undefined ? [] : [[name, entry]]
    })
    return write(new Map(entries))
  }
}

function mergeText(three: Three<string>, both: () => void): string | undefined {
  const choose = chosen(three)
  if (choose === 'both') both()
  return choose === 'theirs' ? three.theirs : three.ours
}

function chosen({base, ours, theirs}: Three<string>): 'ours' | 'theirs' | 'both' {
  if (ours === theirs || theirs === base) return 'ours'
  return ours === base ? 'theirs' : 'both'
}

function print(secret: PlainSecret | undefined): string | undefined {
  return secret && JSON.stringify([Object.entries(secret.values).sort(), secret.rest])
}

function bothChanged(path: string, name: string): Issue {
  return {
    severity: 'warning',
    code: 'sealed',
    file: path,
    message: `Both sides of the merge have changed ${name}: that of "ours" was kept`,
    fix: 'in a rebase "ours" is the branch that yours goes upon; where neither may stay, rotate it once more',
  }
}

function unmergeable(path: string): Issue {
  return {
    severity: 'error',
    code: 'sealed',
    file: path,
    message: 'Cannot merge: there are marks of a conflict in it, but Git knows of none',
    fix: `git checkout --merge -- ${path} brings the conflict back while the merge goes on; else git checkout HEAD -- ${path}`,
  }
}
