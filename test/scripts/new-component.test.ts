import {cpSync, symlinkSync} from 'node:fs'
import {join} from 'node:path'
import test from 'ava'
import {run} from '../../generator/verify/run.ts'
import {root} from '../support/paths.ts'
import {readTree, unrenderedRepository} from '../support/temporary.ts'

test('a new component is in the list, passes the type check and renders at once', async (t) => {
  const folder = unrenderedRepository(t)
  for (const path of ['generator', 'scripts', 'tsconfig.json', 'package.json']) {
    cpSync(join(root, path), join(folder, path), {recursive: true})
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  const node = (...args: string[]) => run(process.execPath, args, {cwd: folder})
  const created = await node('scripts/new-component.ts', 'edge-observability', 'wind-gauge')
  t.is(created.exitCode, 0, created.stderr)
  const types = await run(join(root, 'node_modules/.bin/tsc'), ['--project', folder], {cwd: folder})
  t.is(types.exitCode, 0, types.stdout)
  const rendered = await node('generator/cli.ts', 'render')
  t.is(rendered.exitCode, 0, rendered.stderr)
  t.true(
    Object.keys(readTree(join(folder, 'charts'))).includes(
      'edge-observability/charts/wind-gauge/templates/deployment.yaml',
    ),
  )
  const again = await node('scripts/new-component.ts', 'edge-observability', 'wind-gauge')
  t.is(again.exitCode, 2)
  t.regex(again.stderr, /it exists/)
})

for (const args of [[], ['edge-nowhere', 'x'], ['edge-demo', 'Bad_Name']]) {
  test(`wrong use "${args.join(' ')}" is explained and writes nothing`, async (t) => {
    const {exitCode, stderr} = await run(process.execPath, [join(root, 'scripts/new-component.ts'), ...args])
    t.is(exitCode, 2)
    t.regex(stderr, /^Cannot use .*\n\nUsage: npm run new:component/)
  })
}
