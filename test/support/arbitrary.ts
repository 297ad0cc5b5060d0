import fc from 'fast-check'
import {z} from 'zod'
import {addressRange} from '../../generator/environment/fields.ts'
import {formatIpv4} from '../../generator/environment/ipv4.ts'
import {unwrap} from '../../generator/expression/symbolic.ts'

const ranges = fc
  .tuple(fc.integer({min: 0, max: 2 ** 32 - 300}), fc.integer({min: 0, max: 255}))
  .map(([first, size]) => `${formatIpv4(first)}-${formatIpv4(first + size)}`)
const networks = fc
  .tuple(fc.integer({min: 8, max: 32}), fc.integer({min: 0, max: 2 ** 32 - 1}))
  .map(([prefix, address]) => `${formatIpv4(address - (address % 2 ** (32 - prefix)))}/${prefix}`)

/** Random values that the schema accepts, all keys present, as the chart gets them. */
export function arbitraryOf(wrapped: z.ZodType): fc.Arbitrary<unknown> {
  const schema = unwrap(wrapped)
  if (schema === addressRange || schema.def === addressRange.def) return fc.oneof(ranges, networks)
  if (schema instanceof z.ZodObject) return objectOf(schema)
  if (schema instanceof z.ZodArray) return arrayOf(schema)
  if (schema instanceof z.ZodEnum) return fc.constantFrom(...schema.options)
  if (schema instanceof z.ZodBoolean) return fc.boolean()
  if (schema instanceof z.ZodUnion) return fc.oneof(...schema.options.map((option) => arbitraryOf(option as z.ZodType)))
  if (schema instanceof z.ZodNumber) return numberOf(schema)
  if (schema instanceof z.ZodString) return stringOf(schema)
  throw new TypeError(`Cannot make random values of a ${schema.type}: add it to arbitrary.ts`)
}

function objectOf(schema: z.ZodObject): fc.Arbitrary<unknown> {
  const entries = Object.entries(schema.shape).map(([key, value]) => [key, arbitraryOf(value as z.ZodType)])
  return fc.record(Object.fromEntries(entries))
}

function arrayOf(schema: z.ZodArray): fc.Arbitrary<unknown> {
  return fc.array(arbitraryOf(schema.element as z.ZodType), {minLength: 1, maxLength: 4})
}

function numberOf(schema: z.ZodNumber): fc.Arbitrary<unknown> {
  const {minValue, maxValue, isInt} = schema
  const integers = fc.integer({min: Math.ceil(minValue ?? 0) || 0, max: maxValue ?? 1000})
  const valid = (value: unknown) => schema.safeParse(value).success
  return isInt ? integers.filter(valid) : integers.map((value) => value + 0.25).filter(valid)
}

function stringOf(schema: z.ZodString): fc.Arbitrary<unknown> {
  const patterns = (schema.def.checks ?? []).flatMap((check) => {
    const {pattern} = check._zod.def as {pattern?: RegExp}
    return pattern ? [pattern] : []
  })
  const strings = patterns[0] ? fc.stringMatching(patterns[0]) : fc.stringMatching(/^[a-z][a-z0-9/:.-]{0,40}$/)
  return strings.filter((value) => schema.safeParse(value).success)
}
