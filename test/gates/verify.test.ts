import {readFileSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import test from 'ava'
import {command} from '../../generator/commands/verify.ts'
import {gateNames} from '../../generator/environment/verification.ts'
import {printIssues} from '../../generator/issue/print.ts'
import {root} from '../support/paths.ts'
import {cli} from '../support/programs.ts'
import {readTree} from '../support/temporary.ts'
import {hasUpstreamData} from '../support/upstream.ts'
import {type Edit, repositoryWith, verifyIn} from './support/repository.ts'

const environment = 'environments/site/environment.yaml'
const smallQueue: Edit = {
  file: environment,
  find: '      server: 10.1.0.2',
  replace: '      server: 10.1.0.2\n      settings: {otel-agent: {metricQueueMebibytes: 512}}',
}
const reason = 'hall is never offline for longer than a day, because it stands beside the cloud'

function waiver(cluster: string): Edit {
  const entry = `{gate: outage, cluster: ${cluster}, reason: '${reason}'}`
  return {file: environment, find: 'name: site', replace: `name: site\nverify: {waivers: [${entry}]}`}
}

test('the committed environments pass every gate, with no waiver', async (t) => {
  if (!hasUpstreamData(t)) return
  const {issues, text = ''} = await verifyIn(root, {complete: true})
  t.deepEqual(
    issues.filter(({severity}) => severity === 'error'),
    [],
  )
  t.regex(text, /^Verified 4 environments, 10 clusters, \d+ objects$/m)
  t.notRegex(text, /waived/)
})

test('a waiver makes warnings of the errors that it is for, and every run shows its reason', async (t) => {
  const {issues, text} = await verifyIn(repositoryWith(t, [smallQueue, waiver('hall')]), {gate: ['outage']})
  t.deepEqual(
    issues.map(({severity, gate}) => [severity, gate]),
    [['warning', 'outage']],
  )
  t.true(issues[0]?.message.endsWith(`(waived: ${reason})`))
  t.regex(text ?? '', new RegExp(`waived: 1 error of outage in site/hall, because: ${reason}`))
})

test('a waiver for another cluster waives nothing, and is a warning itself', async (t) => {
  const {issues} = await verifyIn(repositoryWith(t, [smallQueue, waiver('yard')]), {gate: ['outage']})
  t.deepEqual(issues.map(({severity}) => severity).sort(), ['error', 'warning'])
  t.true(
    issues.some(
      ({message, file, line}) =>
        message === 'Nothing is waived here: gate outage passes' && file === environment && line === 3,
    ),
  )
})

test('the same problem in many clusters is shown once, with how many others have it', async (t) => {
  const more = Array.from(
    {length: 211},
    (_, index) =>
      `    - {name: site-${index}, server: 10.3.0.${index}, uplink: 64kbit, nodes: [{name: pi, model: raspberry-pi-4}]}`,
  )
  const repository = repositoryWith(t, [
    {file: environment, find: '  clusters:', replace: `  clusters:\n${more.join('\n')}`},
  ])
  const {issues} = await verifyIn(repository, {gate: ['outage']})
  t.is(
    printIssues(issues.filter(({file}) => file === environment)),
    [
      'environments/site/environment.yaml:14:48  error  outage  edge.clusters.0.uplink',
      '  Live data of site-0 needs 91 kbit/s, and the uplink has 64kbit: it never catches up (the same in site-1, site-2, site-3, 207 more)',
      '    14 |     - {name: site-0, server: 10.3.0.0, uplink: 64kbit, nodes: [{name: pi, model: raspberry-pi-4}]}',
      '       |                                                ^^^^^^',
      '  Fix: measure less often (netdata-child.updateEvery, exportEvery), drop lines (fluent-bit.excludePattern), or take a wider uplink',
    ].join('\n'),
  )
})

test('for tools it prints JSON with all that it found, and nothing beside it', async (t) => {
  const repository = repositoryWith(t, [smallQueue])
  const {stdout, stderr, exitCode} = await cli('verify', '--gate', 'outage', '--format', 'json', '--root', repository)
  t.is(exitCode, 1)
  t.is(stderr, '')
  const {issues, gates, tables, counts} = JSON.parse(stdout)
  t.like(issues[0], {severity: 'error', gate: 'outage', file: environment, line: 14, column: 13})
  t.deepEqual(gates, [{gate: 'outage', errors: 1, warnings: 0}])
  t.deepEqual([counts.environments, counts.clusters], [1, 3])
  t.is(tables.length, 2)
})

test('for GitHub it prints an annotation for each, with special characters as GitHub wants them', async (t) => {
  const {text} = await verifyIn(repositoryWith(t, [smallQueue]), {gate: ['outage'], format: 'github'})
  t.is(
    text,
    '::error file=environments/site/environment.yaml,line=14,col=13,title=outage::An outage of 7d is declared, and the buffer of long-term metrics on a node of hall lasts 47.5 h; then the newest go. Fix: set otel-agent.metricQueueMebibytes or netdata-child.exportEvery higher, or declare lower rates or a shorter outage.survive',
  )
})

test('for GitLab it prints a code quality report, in which every problem has a fingerprint that stays', async (t) => {
  const repository = repositoryWith(t, [smallQueue])
  const report = async () => JSON.parse((await verifyIn(repository, {gate: ['outage'], format: 'gitlab'})).text ?? '')
  const [entry, ...rest] = await report()
  t.deepEqual(rest, [])
  t.like(entry, {check_name: 'outage', severity: 'major', location: {path: environment, lines: {begin: 14}}})
  t.regex(entry.fingerprint, /^[0-9a-f]{64}$/)
  t.deepEqual(await report(), [entry])
})

test('--list names every gate with its rule, its reason and its page, and every page says what it looks at', async (t) => {
  const {text = ''} = await verifyIn(root, {list: true})
  for (const gate of gateNames) {
    const page = readFileSync(join(root, `docs/gates/${gate}.md`), 'utf8')
    t.true(page.startsWith(`# ${gate}\n`))
    const [, rule = '', why = '', source = ''] =
      new RegExp(`^${gate}\\n {2}(.*)\\.\\n {2}Why: (.*)\\n {2}Source: (.*)\\n {2}docs/gates/${gate}\\.md$`, 'm').exec(
        text,
      ) ?? []
    t.true(page.includes(`${rule}.`) && page.includes(why) && page.includes(source) && rule !== '', gate)
    t.deepEqual(
      [...page.matchAll(/^## (.*)$/gm)].map(([, title]) => title),
      ['Why', 'What it looks at', 'What to do', 'What it cannot see'],
    )
  }
})

test('gates are numbered nowhere and named everywhere the same: in the schema, the list and the pages', (t) => {
  const pages = Object.keys(readTree(join(root, 'docs/gates'))).filter((name) => name !== 'README.md')
  t.deepEqual(pages.map((name) => name.replace('.md', '')).sort(), [...gateNames].sort())
})

for (const [args, message] of [
  [['--gate', 'contracts'], /Cannot find gate "contracts": it is one of contract, architecture/],
  [['--format', 'xml'], /Cannot print "xml": it is one of text, json, github, gitlab/],
] as const) {
  test(`wrong use ${args.join(' ')} exits with 2 and says what is known`, async (t) => {
    const {exitCode, stderr} = await cli('verify', ...args)
    t.is(exitCode, 2)
    t.regex(stderr, message)
  })
}

test('an environment that is not there is named with those that are', async (t) => {
  const {issues} = await verifyIn(repositoryWith(t), {environment: 'lab'})
  t.deepEqual(
    issues.map(({message, fix}) => [message, fix]),
    [['Cannot find environment "lab"', 'write one of site']],
  )
})

test('without what is rendered there is nothing to verify, and that is said once', async (t) => {
  const repository = repositoryWith(t)
  rmSync(join(repository, 'clusters'), {recursive: true})
  const {issues} = await verifyIn(repository)
  t.is(issues.length, 1)
  t.regex(issues[0]?.message ?? '', /^Cannot verify: this file was not rendered, and \d+ more were not$/)
})

for (const [what, file, content, message] of [
  [
    'a file of a cluster that is no YAML',
    'clusters/site/hall/source.yaml',
    'spec: {url: [}\n',
    /^clusters\/site\/hall\/source\.yaml:1 {2}error\n {2}Cannot read YAML: /,
  ],
  [
    'a Chart.yaml that is no YAML',
    'charts/edge-demo/Chart.yaml',
    'dependencies: [\n',
    /^charts\/edge-demo\/Chart\.yaml:\d+ {2}error\n {2}Cannot read YAML: /,
  ],
  [
    'a template that Helm cannot read',
    'charts/edge-demo/charts/client/templates/daemonset.yaml',
    'kind: {{ .Values.kind\n',
    /^charts\/edge-demo\/charts\/client {2}error\n {2}Cannot render this chart, which was changed by hand: /,
  ],
  [
    'values that are a list',
    'environments/site/rendered/hall/edge-demo.values.yaml',
    '- client\n',
    /^environments\/site\/rendered\/hall\/edge-demo\.values\.yaml {2}error\n {2}Cannot use these values: expected a map/,
  ],
] as const) {
  test(`${what} ends in a message and changes no file`, async (t) => {
    const repository = repositoryWith(t)
    writeFileSync(join(repository, file), content)
    const before = readTree(join(repository, 'clusters'))
    const {exitCode, stderr} = await cli('verify', '--root', repository)
    t.is(exitCode, 1)
    t.regex(stderr, message)
    t.notRegex(stderr, /\n {4}at |the generator itself fails/)
    t.deepEqual(readTree(join(repository, 'clusters')), before)
  })
}

test('a gate that lacks its data says so, as a warning, and as an error where all of it is wanted', async (t) => {
  if (!hasUpstreamData(t)) return
  const repository = repositoryWith(t)
  rmSync(join(repository, '.cache'), {recursive: true})
  const [loose, complete] = [
    await verifyIn(repository, {gate: ['values']}),
    await verifyIn(repository, {gate: ['values'], complete: true}),
  ]
  t.deepEqual(
    loose.issues.map(({severity, code}) => [severity, code]),
    [['warning', 'incomplete']],
  )
  t.deepEqual(
    complete.issues.map(({severity, code}) => [severity, code]),
    [['error', 'incomplete']],
  )
  t.regex(loose.text ?? '', /values +not complete: no data of metallb 0\.16\.1, .*: run npm run upstream/)
})

test('help names every option', (t) => {
  for (const option of Object.keys(command.options)) t.true(command.help.includes(`--${option}`), option)
})
