import {chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import test from 'ava'
import {run} from '../../generator/verify/run.ts'
import {requireTool, tools} from '../../generator/verify/tools.ts'
import {root} from '../support/paths.ts'
import {cliWith, git} from '../support/programs.ts'
import {secretsRepository, secretValues} from '../support/secrets.ts'
import {readTree, temporaryFolder} from '../support/temporary.ts'

test('no secret that a life of an environment brings forth is in Git, in output, in arguments or in a file left behind', async (t) => {
  const repository = await secretsRepository(t)
  const {folder} = repository
  const spy = temporaryFolder(t)
  const temporary = join(spy, 'tmp')
  mkdirSync(temporary)
  const env = {PATH: `${await spyOnSops(spy)}:${process.env.PATH}`, TMPDIR: temporary}
  const outputs: string[] = []
  const secrets = new Set<string>()
  const step = async (args: readonly string[], as = 'alice') => {
    const {stdout, stderr} = await repository.secrets(args, as, env)
    outputs.push(stdout, stderr)
    for (const value of await secretValues(repository)) secrets.add(value)
    await repository.commit(`secrets ${args.join(' ')}`)
  }
  await step([])
  await step(['--rotate', 'line-1', '--rotate', 'bob'], 'bob')
  await step(['--rotate', 'all'])
  await step(['--new-key', 'line-2'])
  repository.edit((file) => file.deleteIn(['secrets', 'operators', 1]))
  await step([])
  outputs.push((await repository.secrets(['--rotate', 'no-such-thing'], 'eve', env)).stderr)
  outputs.push((await cliWith(env, 'check', '--root', folder)).stderr)

  t.true(secrets.size > 60, `${secrets.size}`)
  const places = {
    'the working tree': Object.values(repository.tree()).join('\n'),
    'the history of Git': await allObjects(folder),
    'what was printed': outputs.join('\n'),
    'arguments and environment of sops': readFileSync(join(spy, 'calls'), 'utf8'),
    'temporary files': leftIn(temporary).join('\n'),
    'the folder of the lock': readdirSync(folder).includes('.render') ? 'left behind' : '',
  }
  t.true((places['arguments and environment of sops'].match(/^call/gm)?.length ?? 0) > 10)
  t.true(places['the history of Git'].length > 100_000)
  for (const [place, text] of Object.entries(places)) {
    for (const secret of secrets) t.false(text.includes(secret), `${place} holds ${secret.slice(0, 4)}...`)
    const encoded = [...secrets].map((secret) => Buffer.from(secret).toString('base64').replace(/=+$/, ''))
    for (const secret of encoded) t.false(text.includes(secret.slice(0, -1)), `${place} holds a secret as base64`)
  }
  t.deepEqual(leftIn(temporary), [])
  t.is(places['the folder of the lock'], '')
})

/** But for the code that Node has compiled. */
function leftIn(folder: string): string[] {
  const files = Object.entries(readTree(folder)).filter(([path]) => !path.startsWith('node-compile-cache/'))
  return files.map(([path, content]) => `${path}: ${content}`)
}

/** A sops that writes down how it was called before it does its work. */
async function spyOnSops(folder: string): Promise<string> {
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  const {stdout} = await run('sh', ['-c', `command -v ${await requireTool(root, tools.sops)}`])
  const script = `#!/bin/sh\n{ echo call; printf '%s\\n' "$@"; env; } >> ${folder}/calls\nexec ${stdout.trim()} "$@"\n`
  writeFileSync(join(bin, 'sops'), script)
  chmodSync(join(bin, 'sops'), 0o755)
  return bin
}

/** The content of every object that Git has, reachable or not. */
async function allObjects(folder: string): Promise<string> {
  return git(folder, 'cat-file', '--batch-all-objects', '--batch', '--unordered')
}
