import {generateX25519Identity, identityToRecipient} from 'age-encryption'
import test from 'ava'
import fc from 'fast-check'
import {parseSealed} from '../../generator/environment/sealed.ts'
import {type Bundle, parseBundle, parseSopsYaml, printBundle} from '../../generator/secrets/bundle.ts'
import {Sops} from '../../generator/secrets/sops.ts'
import {requireTool, tools} from '../../generator/verify/tools.ts'
import {root} from '../support/paths.ts'

const recipient = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p'

const name = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/)
const key = fc.stringMatching(/^[A-Za-z0-9._-]{1,60}$/)
/** Texts that some YAML takes for something else among them. */
const value = fc.oneof(
  fc.string({minLength: 1, maxLength: 300}),
  fc.stringMatching(/^[0-9]{1,4}e[0-9]{1,6}$/),
  fc.constantFrom('yes', 'null', '~', '0x1F', '1_000', '12:30', '2026-11-24', '.inf', '-', '='),
)
const secret = fc.record({
  namespace: name,
  name,
  annotations: fc.dictionary(name, fc.stringMatching(/^[A-Za-z0-9:.-]{1,70}$/)),
  values: fc.dictionary(key, value, {minKeys: 1}),
})
const bundles = fc
  .array(secret, {minLength: 1, maxLength: 4})
  .map((secrets): Bundle => new Map(secrets.map((each) => [`${each.namespace}/${each.name}`, each])))

/** A Secret as YAML gives it. */
interface Seen {
  metadata: {namespace: string; name: string; annotations?: Record<string, string>}
  stringData: Record<string, string>
}

/** Text that is a number to a reader with less room than it takes, as a key and as a value. */
const hugeNumbers: Bundle = new Map([
  ['a/b', {namespace: 'a', name: 'b', annotations: {'336e333591': '67e80452'}, values: {'1e999': '1e999'}}],
])

test('what is seen from outside of what the real sops encrypts is what YAML says, for random Secrets', async (t) => {
  const sops = new Sops(await requireTool(root, tools.sops))
  await fc.assert(
    fc.asyncProperty(bundles, async (bundle) => {
      const text = await sops.encrypt('secrets.sops.yaml', printBundle(bundle), [recipient])
      const seen = parseSealed(text)
      if (typeof seen === 'string') throw new Error(seen)
      const expected = (parseSopsYaml(text) as Seen[]).map(({metadata, stringData}) => {
        const {namespace, name, annotations = {}} = metadata
        return {namespace, name, annotations, keys: Object.keys(stringData)}
      })
      t.deepEqual(seen, {recipients: [recipient], secrets: expected})
    }),
    {numRuns: 60, examples: [[hugeNumbers]]},
  )
})

test('Secrets are read back as they were written, whatever their values', async (t) => {
  const identity = await generateX25519Identity()
  process.env.SOPS_AGE_KEY = identity
  t.teardown(() => {
    delete process.env.SOPS_AGE_KEY
  })
  const sops = new Sops(await requireTool(root, tools.sops))
  const path = 'secrets.sops.yaml'
  const reader = [await identityToRecipient(identity)]
  await fc.assert(
    fc.asyncProperty(bundles, async (bundle) => {
      t.deepEqual(parseBundle(path, printBundle(bundle)), bundle)
      const sealed = await sops.encrypt(path, printBundle(bundle), reader)
      t.deepEqual(parseBundle(path, await sops.decrypt(path, sealed)), bundle)
    }),
    {numRuns: 60},
  )
})

test('a text cut off anywhere is not taken for whole', async (t) => {
  const sops = new Sops(await requireTool(root, tools.sops))
  const secret = {namespace: 'a', name: 'b', annotations: {}, values: {password: 'x'.repeat(40), other: 'y'}}
  const text = await sops.encrypt('secrets.sops.yaml', printBundle(new Map([['a/b', secret]])), [recipient])
  const end = text.indexOf('    version:')
  for (let length = 0; length < end; length += 7) t.is(typeof parseSealed(text.slice(0, length)), 'string', `${length}`)
})
