import {pbkdf2Sync, randomBytes, timingSafeEqual} from 'node:crypto'
import bcrypt from 'bcryptjs'

/**
 * The form that Elasticsearch stores: `{PBKDF2}ITERATIONS$SALT$HASH`, PBKDF2 with HMAC-SHA512 and a key of 256 bits
 * (elastic/elasticsearch x-pack/plugin/core/.../authc/support/Hasher.java). The passwords are random, so the smallest
 * number of iterations that Elasticsearch knows is as good as any, and ten thousand edges cost seconds.
 */
export function elasticHash(password: string): string {
  const salt = randomBytes(32)
  return `{PBKDF2}${iterations}$${salt.toString('base64')}$${derive(password, salt).toString('base64')}`
}

const iterations = 1000

/** Whether a hash that `elasticHash` made is that of the password. */
export function isElasticHashOf(hash: string, password: string): boolean {
  const [, salt, derived] = /^\{PBKDF2\}1000\$([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+)$/.exec(hash) ?? []
  if (!salt || !derived) return false
  const expected = derive(password, Buffer.from(salt, 'base64'))
  const actual = Buffer.from(derived, 'base64')
  return actual.length === expected.length && timingSafeEqual(actual, expected)
}

function derive(password: string, salt: Buffer): Buffer {
  return pbkdf2Sync(password, salt, iterations, 32, 'sha512')
}

/** For basic auth of Traefik, which of the strong hashes knows bcrypt only. */
export function bcryptHash(password: string): string {
  return bcrypt.hashSync(password, 10)
}
