import test from 'ava'
import {z} from 'zod'
import {printTemplates} from '../../generator/chart/template.ts'
import {configurationFile, each, equals, filled, ini, lines, not, text, times, when} from '../../generator/component.ts'
import {symbolic} from '../../generator/expression/symbolic.ts'

const schema = z.strictObject({
  name: z.string(),
  port: z.int(),
  on: z.boolean(),
  'with-dash': z.string(),
  list: z.array(z.strictObject({key: z.string()})),
})
const value = symbolic(schema)

function template(data: Record<string, unknown>): string[] {
  const object = {apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: 'x'}, data}
  const [content = ''] = Object.values(printTemplates('x', [object]))
  return content
    .split('\n')
    .slice(5, -1)
    .map((line) => line.slice(2))
}

test('a value prints as JSON, which is YAML for every kind of value', (t) => {
  t.deepEqual(template({a: value.name, b: value['with-dash']}), [
    'a: {{ $.Values.name | toJson }}',
    'b: {{ (index $.Values "with-dash") | toJson }}',
  ])
})

test('a number inside text does not pass through Go’s float format', (t) => {
  t.deepEqual(template({a: text`${value.name}:${value.port}`, b: times(value.port, 1024)}), [
    'a: {{ printf "%s:%s" $.Values.name ($.Values.port | toJson) | toJson }}',
    'b: {{ (mul (int64 $.Values.port) 1024) | toJson }}',
  ])
})

test('conditions and loops print around what they hold', (t) => {
  const list = ['first', when(value.on, 'second'), ...each(value.list, ({key}) => [{key}])]
  t.deepEqual(template({list, entry: when(not(equals(value.name, 'a')), 1)}), [
    'list:',
    '  - first',
    '  {{- if $.Values.on }}',
    '  - second',
    '  {{- end }}',
    '  {{- range $item0 := $.Values.list }}',
    '  - key: {{ $item0.key | toJson }}',
    '  {{- end }}',
    '{{- if (not (eq $.Values.name "a")) }}',
    'entry: 1',
    '{{- end }}',
  ])
})

test('objects of one name under several conditions have a file each', (t) => {
  const object = {apiVersion: 'v1', kind: 'Secret', metadata: {name: 'x'}}
  const objects = ['a', 'b', 'c', 'd'].map((name) => when(equals(value.name, name), object))
  t.deepEqual(Object.keys(printTemplates('x', objects)), [
    'secret.yaml',
    'secret-x.yaml',
    'secret-x-2.yaml',
    'secret-x-3.yaml',
  ])
})

test('literal template marks reach the cluster as they are', (t) => {
  t.deepEqual(template({legend: '{{node}}'}), ['legend: "{{ "{{" }}node}}"'])
})

test('the same helpers compute on concrete values', (t) => {
  const concrete = {name: 'a', port: 1, on: false, list: [{key: 'k'}]}
  t.is(text`${concrete.name}:${concrete.port}`, 'a:1')
  t.is(when(concrete.on, 'x'), undefined)
  t.deepEqual(
    each(concrete.list, ({key}) => [key, key]),
    ['k', 'k'],
  )
  t.is(lines('a', when(concrete.on, 'b'), 'c'), 'a\nc\n')
  t.is(ini({web: {mode: 'none', port: when(concrete.on, '1')}}), '[web]\n    mode = none\n')
  t.true(equals(concrete.name, 'a') && filled(concrete.list) && !filled(''))
  t.is(configurationFile('a.yaml', {enabled: 'yes', size: 1}), 'enabled: "yes"\nsize: 1\n')
})

test('joining, spreading or misspelling a value in a component is an error at once', (t) => {
  t.throws(() => `${value.name}`, {message: /Cannot join "\$\.Values\.name" into text/})
  t.throws(() => ({...(value as object)}), {message: /Cannot spread or list \$\.Values/})
  t.throws(() => (value as Record<string, unknown>).nmae, {message: /Cannot read "nmae" of \$\.Values/})
})
