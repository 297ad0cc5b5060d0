import {mkdirSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {generateX25519Identity} from 'age-encryption'
import test from 'ava'
import {scanText} from '../../generator/leaks/scan.ts'
import {newAuthority} from '../../generator/secrets/certificate.ts'
import {bcryptHash, elasticHash} from '../../generator/secrets/hash.ts'
import {run} from '../../generator/verify/run.ts'
import {root} from '../support/paths.ts'
import {cli, git} from '../support/programs.ts'
import {temporaryFolder} from '../support/temporary.ts'

const word = 'correct-horse-battery-staple'

const leaks: Record<string, {path?: string; text: string | (() => Promise<string>); line?: number; says: RegExp}> = {
  'a plain Secret': {
    path: 'clusters/lab/cloud/mine.yaml',
    text: `apiVersion: v1\nkind: Secret\nmetadata:\n  name: mine\nstringData:\n  token: ${word}\n`,
    line: 6,
    says: /Cannot commit a Secret that is not encrypted/,
  },
  'a plain Secret with base64': {
    text: `kind: Secret\napiVersion: v1\ndata: {key: ${Buffer.from(word).toString('base64')}}\n`,
    line: 3,
    says: /a Secret that is not encrypted/,
  },
  'one of several documents': {
    text: `kind: ConfigMap\ndata: {a: b}\n---\nkind: Secret\nstringData:\n  a: ${word}\n`,
    line: 6,
    says: /a Secret that is not encrypted/,
  },
  'a Secret in a List': {
    text: `kind: List\nitems:\n  - kind: Secret\n    data:\n      a: ${Buffer.from(word).toString('base64')}\n`,
    line: 5,
    says: /a Secret that is not encrypted/,
  },
  'a SecretList': {text: `kind: SecretList\nitems:\n  - data: {a: ${word}}\n`, line: 3, says: /not encrypted/},
  'a Secret as JSON': {
    path: 'secret.json',
    text: `{"kind": "Secret",\n "stringData": {"a": "${word}"}}\n`,
    line: 2,
    says: /a Secret that is not encrypted/,
  },
  'a value of a Secret that looks like a reference': {
    text: `kind: Secret\ndata: {a: /9j4${word}}\n`,
    line: 2,
    says: /not encrypted/,
  },
  'a Secret in YAML that is broken': {
    text: `kind: Secret\nstringData: {a: ${word}\n`,
    line: 1,
    says: /the file is no YAML/,
  },
  'a password beside its name': {
    text: `env:\n  - name: DB_PASSWORD\n    value: ${word}\n`,
    line: 3,
    says: /the value of "DB_PASSWORD"/,
  },
  'a literal of a secretGenerator': {
    path: 'kustomization.yaml',
    text: `secretGenerator:\n  - name: x\n    literals: [a=${word}]\n`,
    line: 3,
    says: /the value of "literals"/,
  },
  'a list of passwords': {text: `passwords: [${word}]\n`, line: 1, says: /the value of "passwords"/},
  'a line of settings': {
    path: '.env',
    text: `A=1\nexport ADMIN_PASSWORD=${word}\n`,
    line: 2,
    says: /the value of "ADMIN_PASSWORD"/,
  },
  'a kubeconfig': {
    path: 'edge',
    text: `users:\n- user:\n    client-key-data: ${Buffer.from(word.repeat(4)).toString('base64')}\n`,
    line: 3,
    says: /the private key of a kubeconfig/,
  },
  'a password in an environment file': {
    path: 'environments/lab/environment.yaml',
    text: `name: lab\nsettings:\n  grafana:\n    adminPassword: ${word}\n`,
    line: 4,
    says: /Cannot commit the value of "adminPassword": it looks like a credential/,
  },
  'a number as password': {text: 'password: 12345678\n', line: 1, says: /the value of "password"/},
  'a private age key': {text: generateX25519Identity, line: 1, says: /a private age key/},
  'a private key': {
    path: 'authority.key',
    text: async () => (await newAuthority('x', new Date())).privateKey,
    line: 1,
    says: /a private key/,
  },
  'a hash of bcrypt': {
    path: 'users',
    text: async () => `alice:${bcryptHash(word)}\n`,
    line: 1,
    says: /the hash of a password/,
  },
  'a hash of Elasticsearch': {
    text: async () => `users: 'a:${elasticHash(word)}'\n`,
    line: 1,
    says: /the hash of a password/,
  },
  'a password in a URL': {
    text: `url: https://alice:${word}@git.example.com/x.git\n`,
    line: 1,
    says: /secretlint rule basicauth/,
  },
  'a token of a vendor': {
    text: `a: ${'gh'}p_${'abcdefghijklmnopqrstuvwxyz0123456789'}\n`,
    line: 1,
    says: /secretlint rule github/,
  },
}

for (const [what, {path = 'values.yaml', text, line, says}] of Object.entries(leaks)) {
  test(`${what} is found, and nothing of it is shown`, async (t) => {
    const content = typeof text === 'string' ? text : await text()
    const issues = await scanText(path, content)
    t.true(issues.length > 0)
    t.is(issues[0]?.line, line)
    t.regex(issues[0]?.message ?? '', says)
    t.true(issues.every(({fix}) => fix.length > 10))
    const shown = JSON.stringify(issues)
    const lines = content.split('\n').map((part) => part.replace(/^.*[:{] ?/, '').trim())
    for (const part of lines.filter((each) => each.length > 12)) t.false(shown.includes(part), part)
  })
}

const harmless: Record<string, string> = {
  'a reference to a Secret':
    'admin: {existingSecret: grafana-admin, userKey: admin-user, passwordKey: admin-password}\n',
  'the name of a Secret of Git': 'git: {secret: git-credentials}\n',
  'a password from the environment': 'password: "${env:INFLUXDB_PASSWORD}"\n',
  'a path to a password': 'password_file: /credentials/password\npassword: /credentials/password\n',
  'permissions of a job of CI': 'permissions: {id-token: write}\nwith: {persist-credentials: "false"}\n',
  'names of Secrets': 'imagePullSecret: regcred\ntlsSecret: my-tls\ncredentials: grafana-admin\n',
  'a word that ends like one': 'bypass: never\n',
  'what a person has vouched for': 'token: abcdefghij0123456789 # not a secret: the example of the documentation\n',
  'an encrypted Secret': 'kind: Secret\nstringData:\n  password: ENC[AES256_GCM,data:abc=,iv:abc=,tag:abc=,type:str]\n',
  'a public age key': 'recipient: age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p\n',
  'an empty password': "password: ''\n",
  'a Secret without data': 'kind: Secret\nmetadata: {name: x}\n',
}

for (const [what, text] of Object.entries(harmless)) {
  test(`${what} is no leak`, async (t) => {
    t.deepEqual(await scanText('values.yaml', text), [])
  })
}

test('this repository is as its environments say, and holds no secret', async (t) => {
  const {exitCode, stderr} = await cli('check', '--root', root)
  t.is(exitCode, 0, stderr)
})

/** A clone of what this repository needs to run its hook. */
async function repositoryWithHook(t: Parameters<typeof temporaryFolder>[0]): Promise<string> {
  const folder = temporaryFolder(t)
  for (const name of ['generator', 'node_modules', '.githooks', 'package.json']) {
    await run('ln', ['-s', join(root, name), join(folder, name)])
  }
  await git(folder, 'init', '--quiet', '--initial-branch=main')
  await git(folder, 'config', 'core.hooksPath', '.githooks')
  writeFileSync(join(folder, '.gitignore'), '/generator\n/node_modules\n/.githooks\n/package.json\n')
  return folder
}

test('the hook refuses a commit with a secret in what is staged, and takes one without', async (t) => {
  const folder = await repositoryWithHook(t)
  const file = join(folder, 'clusters/lab/cloud/mine.yaml')
  mkdirSync(dirname(file), {recursive: true})
  writeFileSync(file, `kind: Secret\nstringData: {a: ${word}}\n`)
  await git(folder, 'add', '--all')
  // What counts is what is staged, whatever the file says now.
  writeFileSync(file, 'kind: ConfigMap\n')
  const error = await t.throwsAsync(git(folder, 'commit', '--message', 'a secret'))
  t.regex(
    error?.message ?? '',
    /clusters\/lab\/cloud\/mine\.yaml:2:17 {2}error\n {2}Cannot commit a Secret that is not encrypted/,
  )
  t.regex(error?.message ?? '', /1 error; nothing was committed/)
  t.false(error?.message.includes(word))
  await git(folder, 'add', '--all')
  await git(folder, 'commit', '--quiet', '--message', 'no secret')
  t.regex(await git(folder, 'log', '--oneline'), /no secret/)
})

test('the hook refuses a merge that brings a secret, also one without conflicts', async (t) => {
  const folder = await repositoryWithHook(t)
  await git(folder, 'add', '--all')
  await git(folder, 'commit', '--quiet', '--message', 'first')
  await git(folder, 'checkout', '--quiet', '-b', 'careless')
  writeFileSync(join(folder, 'mine.yaml'), `kind: Secret\nstringData: {a: ${word}}\n`)
  await git(folder, 'add', '--all')
  await git(folder, 'commit', '--quiet', '--no-verify', '--message', 'a secret')
  await git(folder, 'checkout', '--quiet', 'main')
  const error = await t.throwsAsync(git(folder, 'merge', '--no-ff', '--quiet', 'careless'))
  t.regex(error?.message ?? '', /mine\.yaml:2:17 {2}error\n {2}Cannot commit a Secret that is not encrypted/)
})

test('operators without Secrets are a warning of the whole check', async (t) => {
  const {stderr} = await cli('check', '--root', root)
  t.regex(
    stderr,
    /environments\/example\/environment\.yaml:\d+:1 {2}warning {2}secrets\n {2}Operators are named, and no Secrets are there/,
  )
})

test('where Git cannot say what would be committed, nothing passes', async (t) => {
  const folder = temporaryFolder(t, {'environments/README.md': 'x\n', 'a.yaml': `password: ${word}\n`})
  for (const args of [[], ['--staged']]) {
    const {exitCode, stderr} = await cli('check', ...args, '--root', folder)
    t.is(exitCode, 1)
    t.regex(stderr, /Cannot look for secrets: Git says/)
  }
})
