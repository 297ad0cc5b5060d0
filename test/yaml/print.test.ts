import test from 'ava'
import fc from 'fast-check'
import {parse} from 'yaml'
import {printYaml} from '../../generator/yaml/print.ts'

const key = fc.oneof(fc.string({minLength: 1}), fc.constantFrom('on', 'y', 'null', '12', 'a b', '- x', '# c', '<<'))
const scalar = fc.oneof(
  fc.string({unit: 'grapheme'}),
  fc.string({unit: fc.constantFrom('a', ' ', '\n', ':', '#', '-', '"', "'", '{', '%', '\t', '|', '\u0085', '\u2028')}),
  fc.constantFrom('yes', 'NO', 'true', '1_000', '12:30:45', '0x1f', '1e3', '~', '.inf', '2026-01-01', '=', '!x', '&a'),
  fc.integer(),
  fc.double({noNaN: true, noDefaultInfinity: true}).map((number) => (Object.is(number, -0) ? 0 : number)),
  fc.boolean(),
  fc.constant(null),
)
const {tree} = fc.letrec((tie) => ({
  tree: fc.oneof(
    {maxDepth: 4},
    scalar,
    fc.array(tie('tree'), {maxLength: 4}),
    fc.dictionary(key, tie('tree'), {maxKeys: 4}),
  ),
}))

for (const version of ['1.1', '1.2'] as const) {
  for (const scalars of ['plain', 'json'] as const) {
    test(`a parser of YAML ${version} reads back what was printed with ${scalars} scalars`, (t) => {
      fc.assert(
        fc.property(tree, (data) => {
          const text = printYaml(data as object, {scalars})
          t.deepEqual(parse(text, {version, merge: false}), JSON.parse(JSON.stringify(data)), text)
        }),
        {numRuns: 1000, examples: [[{E8: ['e+10', 'e-1', 'ff', '0x1']}]]},
      )
    })
  }
}

test('entries and items that are undefined vanish', (t) => {
  t.is(printYaml({a: undefined, b: [undefined, 1], c: [undefined]}), 'b:\n  - 1\nc: []\n')
})

test('text of several lines prints as a block', (t) => {
  t.is(printYaml({'a.conf': 'one\ntwo\n', b: 'x\n\n  y'}), 'a.conf: |\n  one\n  two\nb: |-\n  x\n\n    y\n')
})
