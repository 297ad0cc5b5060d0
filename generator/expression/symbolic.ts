import type {z} from 'zod'
import {Expression, type ExpressionType} from './expression.ts'

const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/
const schemaOf = Symbol('schema')

/**
 * The values of a chart as expressions: the same shape as what the schema yields, each leaf an Expression.
 * Reading a name that the schema does not have throws, so a typing error in a component shows at once.
 */
export function symbolic<Schema extends z.ZodType>(schema: Schema, code = '$.Values'): z.output<Schema> {
  return proxy(schema, code) as z.output<Schema>
}

/** The variable of a loop over `list`, with the schema of the list's elements. */
export function elementOf(list: Expression, variable: string): unknown {
  const schema = Reflect.get(list, schemaOf) as z.ZodType | undefined
  if (schema?.type !== 'array') throw new TypeError('Cannot loop over a value whose schema is not an array')
  return proxy((schema as unknown as z.ZodArray<z.ZodType>).element, variable)
}

function proxy(wrapped: z.ZodType, code: string): Expression {
  const schema = unwrap(wrapped)
  const expression = Object.assign(new Expression(code, expressionType(schema)), {[schemaOf]: schema})
  return new Proxy(expression, {
    get(target, name) {
      if (typeof name === 'symbol') return Reflect.get(target, name, target)
      const child = childSchema(schema, name)
      if (!child) throw new TypeError(`Cannot read "${name}" of ${code}: the schema does not have it`)
      return proxy(child, memberCode(code, name))
    },
    ownKeys() {
      throw new TypeError(`Cannot spread or list ${code} in a chart: its keys are known only to Helm`)
    },
  })
}

/** The schema behind defaults, options and the like. */
export function unwrap(schema: z.ZodType): z.ZodType {
  const inner = (schema.def as {innerType?: z.ZodType}).innerType
  return inner ? unwrap(inner) : schema
}

function childSchema(schema: z.ZodType, name: string): z.ZodType | undefined {
  if (schema.type === 'object') return (schema as z.ZodObject<Record<string, z.ZodType>>).shape[name]
  return undefined
}

function expressionType(schema: z.ZodType): ExpressionType {
  if (schema.type === 'number' || schema.type === 'boolean' || schema.type === 'string') return schema.type
  if (schema.type === 'enum') return 'string'
  return 'other'
}

function memberCode(code: string, name: string): string {
  return identifier.test(name) ? `${code}.${name}` : `(index ${code} ${JSON.stringify(name)})`
}
