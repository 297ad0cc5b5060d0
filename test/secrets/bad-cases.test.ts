import {mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import test from 'ava'
import {run} from '../../generator/verify/run.ts'
import {type SecretsRepository, secretsRepository} from '../support/secrets.ts'
import {addSecret} from '../support/sops-edit.ts'
import {temporaryFolder} from '../support/temporary.ts'

const line1 = 'clusters/factory/line-1/secrets.sops.yaml'

interface Fault {
  title: string
  /** Done to a repository with Secrets. */
  fault: (repository: SecretsRepository) => void | Promise<void>
  args?: readonly string[]
  as?: string
  env?: Record<string, string>
  says: RegExp
}

function change(path: string, edit: (text: string) => string): Fault['fault'] {
  return ({folder}) => {
    const file = join(folder, path)
    const before = readFileSync(file, 'utf8')
    const after = edit(before)
    if (after === before) throw new Error('the fault changes nothing')
    writeFileSync(file, after)
  }
}

const rotate = ['--rotate', 'line-1']

const faults: Fault[] = [
  {
    title: 'no operator is named',
    fault: ({edit}) => edit((file) => file.deleteIn(['secrets'])),
    says: /environment\.yaml:\d+:\d+ {2}error {2}secrets\n {2}Cannot do without key "secrets": the clusters have encrypted Secrets/,
  },
  {
    title: 'the key of somebody else',
    fault: () => {},
    as: 'eve',
    says: /clusters\/factory\/cloud\/secrets\.sops\.yaml {2}error\n {2}Cannot decrypt: none of your age keys opens it\n {2}Fix: let sops find your key/,
  },
  {
    title: 'a recipient that is none',
    fault: ({edit}) => edit((file) => file.setIn(['secrets', 'operators', 1, 'recipient'], `age1${'q'.repeat(58)}`)),
    says: /environment\.yaml:\d+:\d+ {2}error {2}secrets\.operators\.1\.recipient\n {2}Cannot encrypt for bob: a letter of the recipient is wrong/,
  },
  {
    title: 'a file edited by hand',
    fault: change(line1, (text) => text.replace(/certificate-expires: .*/, 'certificate-expires: "2999-01-01"')),
    args: rotate,
    says: /line-1\/secrets\.sops\.yaml {2}error\n {2}Cannot trust it: it was changed without sops, by hand or by a merge\n {2}Fix: git checkout/,
  },
  {
    title: 'a value that is not encrypted',
    fault: change(line1, (text) => text.replace(/password: ENC\[.*/, 'password: typed-in-by-hand')),
    says: /Cannot read the Secrets: elastic-credentials has a value that is not encrypted, or has been cut off/,
  },
  {
    title: 'a file written in half',
    fault: change(line1, (text) => text.slice(0, text.length * 0.6)),
    says: /Cannot read the Secrets: (it ends within|.* has been cut off)/,
  },
  {
    title: 'an empty file',
    fault: change(line1, () => ''),
    says: /Cannot read the Secrets: the file is empty/,
  },
  {
    title: 'a public key of a cluster that is none',
    fault: change('clusters/factory/line-1/age.pub', () => 'age1somethingelse\n'),
    says: /age\.pub {2}error\n {2}Cannot read the public key of the cluster: expected one line.*\n {2}Fix: git checkout .*--new-key line-1 makes another/,
  },
  {
    title: 'marks of a conflict that Git knows nothing of',
    fault: change(line1, (text) => `<<<<<<< ours\n${text}=======\n>>>>>>> theirs\n`),
    says: /Cannot merge: there are marks of a conflict in it, but Git knows of none/,
  },
  {
    title: 'sops that is missing',
    fault: () => {},
    env: {PATH: join(process.execPath, '..')},
    says: /Cannot encrypt without sops: 3\.10\.0 or later is not on PATH, nor built here\n {2}Fix: install it from https:\/\/getsops\.io, or run npm run tools/,
  },
  {
    title: 'an environment that is none',
    fault: ({edit}) => edit((file) => file.setIn(['name'], 'elsewhere')),
    says: /Cannot use name "elsewhere": the folder of the environment is factory/,
  },
  {
    title: 'a new key for a cluster that is none',
    fault: () => {},
    args: ['--new-key', 'line-9'],
    says: /Cannot make a key for line-9: there is no such cluster\n {2}Fix: write one of cloud, line-1, line-2/,
  },
]

for (const {title, fault, args = [], as = 'alice', env = {}, says} of faults) {
  test(`${title} ends in a message and changes no file`, async (t) => {
    const repository = await secretsRepository(t)
    await repository.made()
    await fault(repository)
    const before = repository.tree()
    const {exitCode, stdout, stderr} = await repository.secrets(args, as, env)
    t.is(exitCode, 1, stdout)
    t.regex(stderr, says)
    t.notRegex(stderr, /\n {4}at /)
    t.deepEqual(repository.tree(), before)
  })
}

test('who has no recipient yet is told how to get one', async (t) => {
  const repository = await secretsRepository(t, {prepare: (file) => void file.deleteIn(['secrets'])})
  const {exitCode, stderr} = await repository.secrets()
  t.is(exitCode, 1)
  t.regex(stderr, /Cannot encrypt: the environment names no operator who could read it/)
  t.regex(stderr, /Fix: run age-keygen -o ~\/\.config\/sops\/age\/keys\.txt and write the public key/)
})

test('nobody makes Secrets that they could not read, and not even a key is left behind', async (t) => {
  const repository = await secretsRepository(t)
  const before = repository.tree()
  const {exitCode, stderr} = await repository.secrets([], 'eve')
  t.is(exitCode, 1)
  t.regex(stderr, /Cannot make Secrets that you could not read: none of your age keys is that of alice, bob/)
  t.deepEqual(repository.tree(), before)
  t.throws(() => readFileSync(repository.clusterKey('cloud')), {code: 'ENOENT'})
})

test('a sops on PATH that is too old is not taken', async (t) => {
  const repository = await secretsRepository(t)
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'sops'), '#!/bin/sh\necho sops 3.9.4\n', {mode: 0o755})
  const {stderr} = await repository.secrets([], 'alice', {PATH: `${folder}:${join(process.execPath, '..')}`})
  t.regex(stderr, /Cannot encrypt without sops: 3\.10\.0 or later/)
})

test('an environment whose file is wrong is not touched, and a private key in it is not shown', async (t) => {
  const repository = await secretsRepository(t)
  const secret = `AGE-SECRET-KEY-1${'Q'.repeat(58)}`
  repository.edit((file) => file.setIn(['secrets', 'operators', 0, 'recipient'], secret))
  const {exitCode, stderr} = await repository.secrets()
  t.is(exitCode, 1)
  t.regex(stderr, /secrets\.operators\.0\.recipient\n {2}Cannot use "\*+": expected an age recipient/)
  t.false(stderr.includes(secret.slice(0, 30)))
})

test('a password under a key that does not exist is refused and not shown', async (t) => {
  const repository = await secretsRepository(t)
  repository.edit((file) => {
    file.setIn(['git', 'password'], 'correct-horse-battery')
    file.setIn(['settings', 'influxdb'], file.createNode({adminPassword: 'correct-horse-battery'}))
  })
  const {exitCode, stderr} = await repository.secrets()
  t.is(exitCode, 1)
  t.regex(stderr, /Cannot use key "password"/)
  t.regex(stderr, /password: \*+/)
  t.regex(stderr, /Cannot use key "adminPassword"/)
  t.false(stderr.includes('correct-horse'))
})

test('variables by which sops would encrypt for others add no reader', async (t) => {
  const repository = await secretsRepository(t)
  const env = {
    SOPS_PGP_FP: 'FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4',
    SOPS_AGE_RECIPIENTS: repository.recipient('eve'),
  }
  t.is((await repository.secrets([], 'alice', env)).exitCode, 0)
  t.is(await repository.decrypt('clusters/factory/line-1/secrets.sops.yaml', repository.keyFile('eve')), undefined)
  t.false(Object.values(repository.tree()).some((text) => text.includes('FBC7B9E2A4F9')))
})

test('a reader whom somebody added with sops is found, and taken away', async (t) => {
  const repository = await secretsRepository(t)
  await repository.made()
  const eve = repository.recipient('eve')
  const env = {SOPS_AGE_KEY_FILE: repository.keyFile('alice'), PATH: repository.path}
  await run('sops', ['rotate', '--in-place', '--add-age', eve, join(repository.folder, line1)], {env})
  t.truthy(await repository.decrypt(line1, repository.keyFile('eve')))
  const {stderr} = await repository.secrets(['--check'])
  t.true(stderr.includes(`${eve} can read this, and is neither an operator nor the cluster`))
  const {stdout} = await repository.made()
  t.true(stdout.includes(`No longer readable for ${eve}.`))
  t.is(await repository.decrypt(line1, repository.keyFile('eve')), undefined)
})

test('a reader with a key of another kind than age is found too', async (t) => {
  const repository = await secretsRepository(t)
  await repository.made()
  await change(line1, (text) => text.replace(/^sops:\n/m, 'sops:\n    pgp:\n        - fp: FBC7B9E2A4F9\n'))(repository)
  const {stderr} = await repository.secrets(['--check'])
  t.regex(stderr, /fp FBC7B9E2A4F9 can read this, and is neither an operator nor the cluster/)
})

test('a login that is broken is made anew', async (t) => {
  const repository = await secretsRepository(t)
  await repository.made()
  const path = 'environments/factory/operators/bob.sops.yaml'
  await change(path, (text) => text.slice(0, 200))(repository)
  const {stdout} = await repository.made()
  t.regex(stdout, /wrote {4}environments\/factory\/operators\/bob\.sops\.yaml/)
  t.truthy(await repository.decrypt(path, repository.keyFile('bob')))
})

test('a value that is no text is refused by name, and not shown', async (t) => {
  const repository = await secretsRepository(t)
  await repository.made()
  await addSecret(repository, line1, {namespace: 'observability', name: 'mine', key: 'pin', value: '471147'})
  const {exitCode, stderr} = await repository.secrets(rotate)
  t.is(exitCode, 1)
  t.regex(stderr, /Cannot use pin of Secret observability\/mine: Kubernetes takes only text there/)
  t.false(stderr.includes('471147'))
})

test('while another run is at work nothing is changed, not even a key', async (t) => {
  const repository = await secretsRepository(t)
  await repository.made()
  const key = readFileSync(repository.clusterKey('line-1'), 'utf8')
  mkdirSync(join(repository.folder, '.render'))
  writeFileSync(join(repository.folder, '.render/pid'), `${process.pid}\n`)
  const {exitCode, stderr} = await repository.secrets(['--new-key', 'line-1'])
  t.is(exitCode, 1)
  t.regex(stderr, /Cannot write: process \d+ is rendering or making Secrets/)
  t.is(readFileSync(repository.clusterKey('line-1'), 'utf8'), key)
})

test('a private key that waits and is not that of its cluster is warned of', async (t) => {
  const repository = await secretsRepository(t)
  await repository.made()
  writeFileSync(repository.clusterKey('line-1'), readFileSync(repository.clusterKey('line-2')))
  const {stderr} = await repository.made()
  t.regex(stderr, /line-1\.agekey {2}warning\n {2}The private key that waits here is not that of the cluster/)
})

test('where rendering fails, what was made is told all the same', async (t) => {
  const repository = await secretsRepository(t)
  mkdirSync(join(repository.folder, 'environments/broken'), {recursive: true})
  writeFileSync(join(repository.folder, 'environments/broken/environment.yaml'), 'name: 1\n')
  const {exitCode, stdout, stderr} = await repository.secrets()
  t.is(exitCode, 1)
  t.regex(stdout, /New private keys/)
  t.regex(stderr, /the Secrets were made, but nothing was rendered: run npm run render/)
})

for (const [args, says] of [
  [['--check', '--rotate', 'line-1'], /Cannot use --check together with --rotate/],
  [['--now'], /Cannot use --now without --retire/],
  [['--rotat', 'line-1'], /Unknown option '--rotat'/],
] as const) {
  test(`wrong use "${args.join(' ')}" exits with 2 and shows the help`, async (t) => {
    const repository = await secretsRepository(t)
    const {exitCode, stderr} = await repository.secrets(args)
    t.is(exitCode, 2)
    t.regex(stderr, says)
    t.regex(stderr, /Usage: npm run secrets -- ENVIRONMENT/)
  })
}

test('a file that Git has and that is gone is not made anew: that would lock out what has the old one', async (t) => {
  const repository = await secretsRepository(t)
  await repository.made()
  await repository.commit('secrets')
  const cloud = 'clusters/factory/cloud/secrets.sops.yaml'
  rmSync(join(repository.folder, cloud))
  const before = repository.tree()
  const {exitCode, stderr} = await repository.secrets()
  t.is(exitCode, 1)
  t.regex(stderr, /cloud\/secrets\.sops\.yaml {2}error\n {2}Cannot go on without this file: Git has it/)
  t.regex(
    stderr,
    /Fix: git checkout -- clusters\/factory\/cloud\/secrets\.sops\.yaml brings it back; where it shall go for good, git rm/,
  )
  t.deepEqual(repository.tree(), before)
})

for (const [name, says] of [
  ['operator-login', /with the name of an operator/],
  ['environment-ca', /write --rotate authority/],
  ['netdata-stream-keys', /with the name of an edge cluster/],
  ['elasticsearch-users', /of an operator, of an edge cluster, or of the Secret of a program/],
] as const) {
  test(`who wants to rotate ${name}, which is worked out, is told what to rotate`, async (t) => {
    const repository = await secretsRepository(t)
    const {stderr} = await repository.secrets(['--rotate', name])
    t.true(stderr.includes(`Cannot rotate ${name}: it is made from other things`))
    t.regex(stderr, says)
  })
}
