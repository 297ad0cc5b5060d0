import {existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import test from 'ava'
import {render} from '../../generator/commands/render.ts'
import {hasErrors} from '../../generator/issue/issue.ts'
import {printIssues} from '../../generator/issue/print.ts'
import {cli} from '../support/programs.ts'
import {readTree, temporaryFolder} from '../support/temporary.ts'

const folder = join(import.meta.dirname, 'invalid')
const faults = readdirSync(folder)
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => name.slice(0, -'.yaml'.length))
const environmentFile = 'environments/site/environment.yaml'

test('at least forty faults are kept', (t) => {
  t.true(faults.length >= 40)
})

for (const fault of faults) {
  test(`${fault} ends in its exact message and changes no file`, (t) => {
    const content = readFileSync(join(folder, `${fault}.yaml`), 'utf8')
    const repository = temporaryFolder(t, {[environmentFile]: content})
    const before = readTree(repository)
    const {issues, written} = render(repository, () => {})
    const expected = join(folder, `${fault}.txt`)
    const printed = `${printIssues(issues)}\n`
    // For a new fault: the message is written once, for a person to read and correct.
    if (!existsSync(expected) && !process.env.CI) writeFileSync(expected, printed)
    t.is(printed, readFileSync(expected, 'utf8'))
    t.true(hasErrors(issues))
    t.true(issues.every(({fix, message}) => fix !== '' && message !== ''))
    t.is(written, undefined)
    t.deepEqual(readTree(repository), before)
  })
}

test('a file of 10 MB is refused before it is read as YAML', (t) => {
  const repository = temporaryFolder(t, {[environmentFile]: `name: site\n${'# filler\n'.repeat(1_200_000)}`})
  const {issues} = render(repository, () => {})
  t.is(
    printIssues(issues),
    [
      `${environmentFile}  error`,
      '  Cannot read the environment: it has 10800011 bytes, more than 8388608',
      '  Fix: remove what does not belong there, or split the environment in two',
    ].join('\n'),
  )
})

test('a symbolic link out of the repository is refused', (t) => {
  const outside = temporaryFolder(t, {'environment.yaml': 'name: site\n'})
  const repository = temporaryFolder(t, {'environments/site/README.md': 'mine\n'})
  symlinkSync(join(outside, 'environment.yaml'), join(repository, environmentFile))
  const {issues} = render(repository, () => {})
  t.is(
    printIssues(issues),
    [
      `${environmentFile}  error`,
      '  Cannot read the environment: a symbolic link leads out of the repository',
      '  Fix: put the file itself here: what is outside is not reviewed',
    ].join('\n'),
  )
})

test('a symbolic link that leads nowhere, a folder in place of the file, and bytes that are no text are refused', (t) => {
  const repository = temporaryFolder(t, {
    'environments/binary/environment.yaml': Buffer.from([0xff, 0xfe, 0x00]),
    'environments/folder/environment.yaml/file': 'x',
    'environments/Upper/environment.yaml': 'name: Upper\n',
    'environments/dangling/README.md': 'mine\n',
  })
  symlinkSync('nowhere.yaml', join(repository, 'environments/dangling/environment.yaml'))
  const {issues} = render(repository, () => {})
  t.deepEqual(
    issues.map(({file, message}) => [file, message]),
    [
      [
        'environments/Upper/environment.yaml',
        'Cannot use folder "Upper" as an environment: its name is no name for one',
      ],
      ['environments/binary/environment.yaml', 'Cannot read the environment: it is no UTF-8 text'],
      ['environments/dangling/environment.yaml', 'Cannot read the environment: the symbolic link leads nowhere'],
      ['environments/folder/environment.yaml', 'Cannot read the environment: it is no file'],
    ],
  )
})

test('the command line prints problems to stderr, exits with 1 and leaves every file', async (t) => {
  const content = readFileSync(join(folder, 'cidr-host-bits.yaml'), 'utf8')
  const repository = temporaryFolder(t, {[environmentFile]: content})
  const before = readTree(repository)
  const {exitCode, stdout, stderr} = await cli('render', '--root', repository)
  t.is(exitCode, 1)
  t.is(stdout, '')
  t.is(`${stderr}\n`, `${readFileSync(join(folder, 'cidr-host-bits.txt'), 'utf8')}\n1 error; no file was changed\n`)
  t.deepEqual(readTree(repository), before)
})

for (const args of [[], ['rendr'], ['render', 'lab'], ['render', '--rooot', 'x']]) {
  test(`wrong use "${args.join(' ')}" exits with 2 and shows the help`, async (t) => {
    const {exitCode, stdout, stderr} = await cli(...args)
    t.is(exitCode, 2)
    t.is(stdout, '')
    t.regex(stderr, /Usage: npm run render/)
    t.notRegex(stderr, /\n {4}at /)
  })
}
