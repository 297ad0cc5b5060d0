import {readdirSync, readFileSync} from 'node:fs'
import {dirname, join, relative, resolve} from 'node:path'
import test from 'ava'
import {root} from './support/paths.ts'

const generator = join(root, 'generator')

/** What every stage may use. */
const base = ['issue', 'yaml', 'expression', 'secret.ts', 'component.ts', 'rendered-file.ts']
/** The stages in the order of the flow: each may import itself, earlier ones and the base. */
const stages = [
  'environment',
  'model',
  'components',
  'chart',
  'values',
  'gitops',
  'readme',
  'output',
  'verify',
  'secrets',
  'leaks',
  'tree',
  'gates',
]
/** What holds the stages together; only these know the list of components. */
const top = ['pipeline.ts', 'commands', 'cli.ts']

interface Import {
  from: string
  to: string
  typeOnly: boolean
}

test('a stage imports only earlier stages and the base', (t) => {
  const wrong = imports().filter(({from, to, typeOnly}) => !isAllowed(placeOf(from), placeOf(to), typeOnly))
  t.deepEqual(
    wrong.map(({from, to}) => `${from} must not import ${to}`),
    [],
  )
})

test('no stage imports the components: the list is handed over', (t) => {
  const wrong = imports().filter(
    ({from, to}) => placeOf(to) === 'components' && !['components', ...top].includes(placeOf(from)),
  )
  t.deepEqual(wrong, [])
})

test('every folder and file of the generator has its place in the order', (t) => {
  const known = new Set([...base, ...stages, ...top, 'README.md'])
  t.deepEqual(
    readdirSync(generator).filter((name) => !known.has(name)),
    [],
  )
})

test('only the command line touches process, but for its own id and the end of a render', (t) => {
  const users = sources().filter((file) => /\bprocess\.(argv|exit|env|stdout|stderr|cwd)/.test(read(file)))
  t.deepEqual(users, ['cli.ts'])
})

test('every component file is in the list', (t) => {
  const folder = join(generator, 'components')
  const list = read('components/index.ts')
  const missing = readdirSync(folder, {withFileTypes: true})
    .filter((entry) => entry.isDirectory())
    .flatMap(({name}) => readdirSync(join(folder, name)).map((file) => `${name}/${file}`))
    .filter((file) => file.endsWith('.ts') && /^export default/m.test(read(`components/${file}`)))
    .filter((file) => !list.includes(`'./${file}'`))
  t.deepEqual(
    missing.map((file) => `add: import x from './${file}' to components/index.ts`),
    [],
  )
})

function isAllowed(from: string, to: string, typeOnly: boolean): boolean {
  if (top.includes(from) || from === to) return true
  if (base.includes(to)) return !base.includes(from) || base.indexOf(to) < base.indexOf(from)
  if (base.includes(from)) return typeOnly
  return stages.includes(to) && stages.indexOf(to) < stages.indexOf(from)
}

function placeOf(file: string): string {
  return file.split('/')[0] ?? ''
}

function imports(): Import[] {
  return sources().flatMap((from) =>
    [...read(from).matchAll(/^(?:import|export)( type)?[^'"]*? from '(\.[^']+)'/gms)].map(
      ([, typeOnly, target = '']) => ({
        from,
        to: relative(generator, resolve(dirname(join(generator, from)), target)),
        typeOnly: Boolean(typeOnly),
      }),
    ),
  )
}

function sources(folder = ''): string[] {
  return readdirSync(join(generator, folder), {withFileTypes: true}).flatMap((entry) => {
    const path = folder ? `${folder}/${entry.name}` : entry.name
    if (entry.isDirectory()) return sources(path)
    return entry.name.endsWith('.ts') ? [path] : []
  })
}

function read(file: string): string {
  return readFileSync(join(generator, file), 'utf8')
}
