/** Real programs that ask for a password, a key or a certificate: one file after the other, because they are large. */
export default {
  extensions: ['ts'],
  files: ['test/identities/*.identity.ts'],
  concurrency: 1,
  workerThreads: false,
  timeout: '10m',
}
