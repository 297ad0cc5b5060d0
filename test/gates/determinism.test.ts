import {join} from 'node:path'
import test from 'ava'
import {determinismGate, type Elsewhere} from '../../generator/gates/determinism.ts'
import {verify} from '../../generator/gates/verify.ts'
import {run} from '../../generator/verify/run.ts'
import {root} from '../support/paths.ts'
import {temporaryFolder} from '../support/temporary.ts'

function findings(again: (elsewhere: Elsewhere) => Promise<string>, folder: string) {
  const gates = [determinismGate(() => 'here', again)]
  const clusterOf = async () => {
    throw new Error('there is no cluster')
  }
  return verify({root: folder, environments: [], clusterOf, gates})
}

test('a render that is another one elsewhere is found', async (t) => {
  const {issues} = await findings(async () => 'there', temporaryFolder(t))
  t.deepEqual(
    issues.map(({message}) => message),
    ['Rendering on another day, in another time zone, language and folder gives other bytes'],
  )
})

test('a render that fails elsewhere is named with its reason, and takes no other finding along', async (t) => {
  const again = async () => {
    throw new Error('the disk is full')
  }
  const {issues} = await findings(again, temporaryFolder(t))
  t.deepEqual(
    issues.map(({severity, message}) => [severity, message]),
    [['error', 'This gate could not come to an end: the disk is full']],
  )
})

test('elsewhere it is more than a year later, and the repository has another path', async (t) => {
  await findings(async ({clock, root: link, env}) => {
    const script = `console.log(Date.now(), new Date().getFullYear(), new Date(0).getTime(), ${JSON.stringify(link)})`
    const {stdout} = await run(process.execPath, ['--import', clock, '--eval', script], {env})
    const [now, year, given, path] = stdout.trim().split(' ')
    t.true(Number(now) - Date.now() > 365 * 86_400_000)
    t.true(Number(year) > new Date().getFullYear())
    t.is(given, '0', 'a date that is given stays')
    t.not(path, root)
    return 'here'
  }, temporaryFolder(t))
})

for (const [template, name] of [
  ['key: {{ randAlphaNum 20 | quote }}', 'randAlphaNum'],
  ['key: {{\n  uuidv4\n}}', 'uuidv4'],
  ['{{ if .Release.IsUpgrade }}a: b{{ end }}', '.Release.IsUpgrade'],
  ['{{ $ca := genCA "x" 365 }}', 'genCA'],
] as const) {
  test(`a template that calls ${name} is found`, async (t) => {
    const folder = temporaryFolder(t, {'charts/a/charts/b/templates/c.yaml': `# now and then\n${template}\n`})
    const {issues} = await findings(async () => 'here', folder)
    t.deepEqual(
      issues.map(({file, line, message}) => [join(file), line, message]),
      [['charts/a/charts/b/templates/c.yaml', 2, `This template calls ${name}, which gives something else each time`]],
    )
  })
}

test('text that only speaks of time, and values that are called so, are no calls', async (t) => {
  const template = '{{- /* now */ -}}\nnow: {{ .Values.now | quote }}\nlookup: {{ "lookup now" }}\n'
  const folder = temporaryFolder(t, {'charts/a/charts/b/templates/c.yaml': template})
  t.deepEqual((await findings(async () => 'here', folder)).issues, [])
})
