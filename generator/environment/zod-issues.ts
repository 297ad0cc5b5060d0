import leven from 'leven'
import {z} from 'zod'
import {unwrap} from '../expression/symbolic.ts'
import {hideSecrets, isCredentialName} from '../issue/hide-secrets.ts'
import type {Issue} from '../issue/issue.ts'
import type {Path, Source} from './source.ts'

/** What a schema found, as issues at their places. `prefix` is the path of what was checked. */
export function schemaIssues(options: {
  source: Source
  schema: z.ZodType
  error: z.ZodError
  data: unknown
  prefix?: Path
}): Issue[] {
  const {source, schema, error, data, prefix = []} = options
  const issues = error.issues.flatMap((issue) => {
    const path = issue.path as (string | number)[]
    const context = {source, path, prefix, schema: schemaAt(schema, path, data), value: valueAt(data, path)}
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(context, key))
    if (context.value === undefined && issue.code !== 'custom') return [missingKey(context, schema, data)]
    return [wrongValue(context, issue)]
  })
  const renamed = new Set(issues.flatMap(({renamedTo}) => renamedTo ?? []))
  return issues
    .filter(({code, path = ''}) => code !== 'missing-key' || !renamed.has(path))
    .map(({renamedTo, ...issue}) => issue)
}

/** `renamedTo` is the path that an unknown key was probably meant to be: then that one is not missing. */
type Found = Issue & {renamedTo?: string}

interface Context {
  source: Source
  path: (string | number)[]
  prefix: Path
  schema: z.ZodType | undefined
  value: unknown
}

function unknownKey({source, path, prefix, schema}: Context, key: string): Found {
  const known = schema ? Object.keys(shapeOf(schema)) : []
  const near = nearest(key, known)
  const issue = source.issue({
    code: 'unknown-key',
    path: [...prefix, ...path, key],
    at: 'key',
    message: `Cannot use key "${key}": ${near ? 'it is unknown' : 'it is unknown here'}`,
    fix: near ? `write ${near}` : `remove it; known here: ${known.join(', ') || 'none'}`,
  })
  return near ? {...issue, renamedTo: [...prefix, ...path, near].join('.')} : issue
}

function missingKey({source, path, prefix, schema}: Context, root: z.ZodType, data: unknown): Found {
  const parent = schemaAt(root, path.slice(0, -1), data)
  const key = String(path.at(-1) ?? '')
  const description = schema && describe(schema)
  return source.issue({
    code: 'missing-key',
    path: [...prefix, ...path],
    message: `Cannot do without key "${key}": it is missing${description ? ` (${description})` : ''}`,
    fix: `add ${example(key, schema) ?? example(key, parent && shapeOf(parent)[key]) ?? `${key}: ...`}`,
  })
}

function wrongValue({source, path, prefix, schema, value}: Context, issue: z.core.$ZodIssue): Found {
  const custom = issue.code === 'custom' ? (issue.params as {fix?: string} | undefined) : undefined
  const expected = expectation(issue)
  const message = expected.startsWith('Cannot ') ? expected : `Cannot use ${show(value, path.at(-1))}: ${expected}`
  const sample = schema && examples(schema)[0]
  return source.issue({
    code: 'wrong-value',
    path: [...prefix, ...path],
    message,
    fix: custom?.fix ?? fixFor(issue, sample, value),
  })
}

/** zod's own sentences in the words of the others. */
function expectation(issue: z.core.$ZodIssue): string {
  if (issue.code === 'too_small' && issue.origin === 'number') return `expected at least ${issue.minimum}`
  if (issue.code === 'too_big' && issue.origin === 'number') return `expected at most ${issue.maximum}`
  if (issue.code !== 'invalid_type' || !issue.message.startsWith('Invalid input')) return issue.message
  return `expected ${nouns[issue.expected] ?? `a ${issue.expected}`}`
}

const nouns: Record<string, string> = {
  object: 'a map',
  record: 'a map',
  array: 'a list',
  int: 'a whole number',
  string: 'text',
}

function fixFor(issue: z.core.$ZodIssue, sample: unknown, value: unknown): string {
  const choices = 'values' in issue && Array.isArray(issue.values) ? issue.values.map(String) : []
  const near = typeof value === 'string' ? nearest(value, choices) : undefined
  if (near) return `write ${near}`
  if (choices.length > 0) return `write one of ${choices.join(', ')}`
  return sample === undefined ? 'write what is expected, or remove the key' : `write a value such as ${inline(sample)}`
}

/** The known name that the unknown one was probably meant to be. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const folded = name.toLowerCase()
  const [best] = known
    .map((candidate) => ({candidate, distance: leven(folded, candidate.toLowerCase())}))
    .sort((a, b) => a.distance - b.distance)
  return best && best.distance <= Math.max(1, Math.floor(best.candidate.length / 3)) ? best.candidate : undefined
}

/** A valid value for what stands at a path, where its schema shows one. */
export function exampleAt(root: z.ZodType, path: Path, data: unknown): unknown {
  const schema = schemaAt(root, path, data)
  return schema && examples(schema)[0]
}

function schemaAt(root: z.ZodType, path: Path, data: unknown): z.ZodType | undefined {
  let schema: z.ZodType | undefined = root
  let value = data
  for (const step of path) {
    if (!schema) return undefined
    const described = chooseOption(schema, value)
    schema = childOf(described, step)
    value = valueAt(value, [step])
  }
  return schema && chooseOption(schema, value)
}

/** The option of a discriminated union that the data chose; other schemas as they are, wrappers kept. */
function chooseOption(schema: z.ZodType, value: unknown): z.ZodType {
  const core = unwrap(schema)
  if (!(core instanceof z.ZodDiscriminatedUnion)) return schema
  const key = core.def.discriminator
  const chosen = (core.options as z.ZodObject[]).find((option) => {
    const literal = option.shape[key]
    return literal instanceof z.ZodLiteral && literal.values.has(valueAt(value, [key]) as string)
  })
  return chosen ?? schema
}

function childOf(schema: z.ZodType, step: string | number): z.ZodType | undefined {
  const core = unwrap(schema)
  if (core instanceof z.ZodArray) return core.element as z.ZodType
  if (core instanceof z.ZodRecord) return core.valueType as z.ZodType
  return shapeOf(schema)[String(step)]
}

function shapeOf(schema: z.ZodType): Record<string, z.ZodType> {
  const core = unwrap(schema)
  if (core instanceof z.ZodDiscriminatedUnion) return shapeOf(core.options[0] as z.ZodType)
  return core instanceof z.ZodObject ? (core.shape as Record<string, z.ZodType>) : {}
}

function valueAt(data: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, step) => (typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined),
    data,
  )
}

function metaOf(schema: z.ZodType): {description?: string; examples?: unknown[]} {
  const own = (schema.meta() ?? {}) as {description?: string; examples?: unknown[]}
  const inner = (schema.def as {innerType?: z.ZodType}).innerType
  return inner ? {...metaOf(inner), ...own} : own
}

function describe(schema: z.ZodType): string | undefined {
  return metaOf(schema).description
}

function examples(schema: z.ZodType): unknown[] {
  return metaOf(schema).examples ?? []
}

function example(key: string, schema: z.ZodType | undefined): string | undefined {
  if (!schema) return undefined
  const [sample] = examples(schema)
  return sample === undefined ? undefined : `${key}: ${inline(sample)}`
}

function inline(sample: unknown): string {
  return typeof sample === 'string' ? sample : JSON.stringify(sample)
}

function show(value: unknown, key: string | number = ''): string {
  if (isCredentialName(String(key)) && typeof value === 'string') return JSON.stringify('*'.repeat(value.length))
  const text = hideSecrets(JSON.stringify(value) ?? String(value))
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}
