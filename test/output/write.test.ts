import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import test from 'ava'
import {render} from '../../generator/commands/render.ts'
import {IssueError} from '../../generator/issue/issue.ts'
import {writeFiles} from '../../generator/output/write.ts'
import {banner} from '../../generator/rendered-file.ts'
import {root} from '../support/paths.ts'
import {cli} from '../support/programs.ts'
import {readTree, temporaryFolder, unrenderedRepository} from '../support/temporary.ts'

const content = (text: string) => `# ${banner}\n${text}\n`

test('files that are no longer rendered go, with the folders they leave empty', (t) => {
  const folder = temporaryFolder(t)
  writeFiles(folder, [{path: 'clusters/a/b/x.yaml', content: content('x')}], () => {})
  const {removed} = writeFiles(folder, [{path: 'charts/y.yaml', content: content('y')}], () => {})
  t.deepEqual(removed, ['clusters/a/b/x.yaml'])
  t.deepEqual(Object.keys(readTree(folder)), ['charts/y.yaml'])
  t.false(existsSync(join(folder, 'clusters')))
})

test('files of somebody else stay where they are', (t) => {
  const files = {'clusters/lab/cloud/secrets.sops.yaml': 'sops: {}\n', 'charts/notes.txt': 'mine\n'}
  const folder = temporaryFolder(t, files)
  writeFiles(folder, [], () => {})
  t.deepEqual(readTree(folder), {...files})
})

test('a file of somebody else in the place of a rendered one is named, and nothing is written', (t) => {
  const folder = temporaryFolder(t, {'charts/a.yaml': 'mine\n'})
  const files = ['charts/0.yaml', 'charts/a.yaml'].map((path) => ({path, content: content(path)}))
  const error = t.throws(() => writeFiles(folder, files, () => {}), {instanceOf: IssueError})
  t.deepEqual(
    error?.issues.map(({file}) => file),
    ['charts/a.yaml'],
  )
  t.deepEqual(readTree(folder), {'charts/a.yaml': 'mine\n'})
})

test('a folder that is a symbolic link out of the repository is refused', (t) => {
  const outside = temporaryFolder(t)
  const folder = temporaryFolder(t)
  symlinkSync(outside, join(folder, 'charts'))
  const files = [{path: 'charts/a.yaml', content: content('a')}]
  const error = t.throws(() => writeFiles(folder, files, () => {}), {instanceOf: IssueError})
  t.regex(error?.message ?? '', /a symbolic link leads out of the repository/)
  t.deepEqual(readTree(outside), {})
})

test('a second render in the same repository at the same time is refused', async (t) => {
  const repository = unrenderedRepository(t)
  mkdirSync(join(repository, '.render'))
  writeFileSync(join(repository, '.render/pid'), `${process.pid}\n`)
  const {exitCode, stderr} = await cli('render', '--root', repository)
  t.is(exitCode, 1)
  t.regex(stderr, /Cannot write: process \d+ is rendering or making Secrets in this repository/)
  t.false(existsSync(join(repository, 'charts')))
})

test('a render killed at any moment leaves each file old or new, and the next one repairs the tree', async (t) => {
  const repository = unrenderedRepository(t)
  render(repository, () => {})
  const old = readTree(repository)
  const path = join(repository, 'environments/factory/environment.yaml')
  writeFileSync(
    path,
    readFileSync(path, 'utf8').replace('updateEvery: 2', 'updateEvery: 7').replaceAll('192.168.1.24', '192.168.1.23'),
  )
  const changed = unrenderedRepository(t)
  writeFileSync(join(changed, 'environments/factory/environment.yaml'), readFileSync(path, 'utf8'))
  render(changed, () => {})
  const wanted = readTree(changed)
  for (const writes of [1, 2, 3, 5, 8, 13]) {
    await renderAndKill(repository, writes)
    const {'.render/pid': _, ...tree} = readTree(repository)
    const rendered = Object.entries(tree).filter(([name]) => !name.startsWith('.render/'))
    for (const [name, text] of rendered)
      t.true(text === old[name] || text === wanted[name], `${name} after ${writes} writes`)
  }
  render(repository, () => {})
  t.deepEqual(readTree(repository), wanted)
})

/** Runs the render in a process of its own that dies by SIGKILL after some writes. */
async function renderAndKill(repository: string, writes: number): Promise<void> {
  const program = `
    import {render} from '${root}/generator/commands/render.ts'
    render('${repository}', (text) => {
      if (text === 'Writing files: ${writes}') process.kill(process.pid, 'SIGKILL')
    })`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {stdio: 'ignore'})
  await once(child, 'exit')
}
