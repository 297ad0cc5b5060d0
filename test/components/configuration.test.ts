import test from 'ava'
import fc from 'fast-check'
import {parse} from 'yaml'
import {fillFunction} from '../../generator/components/netdata.ts'
import {objectsOf} from '../../generator/model/objects.ts'
import {defaultValuesOf} from '../../generator/model/values.ts'
import {run} from '../../generator/verify/run.ts'
import {ownComponents} from '../support/charts.ts'

/** Every file of every ConfigMap, with default values. */
const files = ownComponents.flatMap(({component}) =>
  objectsOf(component, defaultValuesOf(component))
    .filter(({kind}) => kind === 'ConfigMap')
    .flatMap((object) => Object.entries((object as unknown as {data: Record<string, string>}).data))
    .map(([file, content]) => ({name: `${component.name}/${file}`, content})),
)

for (const {name, content} of files.filter((file) => file.name.endsWith('.sh'))) {
  test(`${name} is a script that the shell can read and that stops at errors`, async (t) => {
    const {exitCode, stderr} = await run('sh', ['-n'], {input: content})
    t.is(exitCode, 0, stderr)
    t.true(content.startsWith('#!/bin/sh\nset -eu\n'))
  })
}

for (const {name, content} of files.filter((file) => /\.(yaml|json)$/.test(file.name))) {
  test(`${name} parses and ends with one line feed`, (t) => {
    t.is(typeof parse(content, {version: '1.2'}), 'object')
    t.regex(content, /[^\n]\n$/)
  })
}

for (const name of ['otel-agent/agent.yaml', 'otel-gateway/gateway.yaml', 'jaeger/jaeger.yaml']) {
  test(`${name}: pipelines use what is defined, and everything defined is used`, (t) => {
    const config = parse(files.find((file) => file.name === name)?.content ?? '') as Collector
    const pipelines = Object.values(config.service.pipelines)
    for (const kind of ['receivers', 'processors', 'exporters'] as const) {
      const used = new Set(pipelines.flatMap((pipeline) => pipeline[kind]))
      t.deepEqual([...used].sort(), Object.keys(config[kind]).sort(), kind)
    }
    t.deepEqual([...config.service.extensions].sort(), Object.keys(config.extensions).sort())
  })
}

test('every regular expression in a dashboard query ends where it should', (t) => {
  const dashboards = files.filter(({name}) => name.startsWith('dashboards/')).map(({content}) => content)
  const queries = dashboards.flatMap((content) =>
    [...content.matchAll(/"query": (".*")/g)].map(([, text]) => JSON.parse(text ?? '')),
  )
  const expressions = queries.flatMap((query: string) => query.split('=~ ').slice(1))
  t.true(expressions.length > 20)
  for (const expression of expressions) t.regex(expression, /^\/(\\\/|[^/])*\/( |\)|$)/, expression)
})

interface Collector extends Record<'receivers' | 'processors' | 'exporters' | 'extensions', object> {
  service: {
    extensions: string[]
    pipelines: Record<string, Record<'receivers' | 'processors' | 'exporters', string[]>>
  }
}

test('the start script of Netdata puts any key in place of its mark, byte for byte', async (t) => {
  const printable = fc.string({minLength: 1, maxLength: 40}).filter((key) => !key.includes('@STREAM_KEY@'))
  await fc.assert(
    fc.asyncProperty(printable, async (key) => {
      const script = `${fillFunction}\nfill @STREAM_KEY@ "$KEY"`
      const input = '[stream]\n    api key = @STREAM_KEY@\n    C:\\path %s \\n\n'
      const {stdout} = await run('sh', ['-c', script], {input, env: {KEY: key}})
      t.is(
        `${stdout}\n`,
        input.replace('@STREAM_KEY@', () => key),
      )
    }),
    {numRuns: 50},
  )
})
