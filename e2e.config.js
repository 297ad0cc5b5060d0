/** Whole clusters: one file after the other, because each starts several. */
export default {
  extensions: ['ts'],
  files: ['test/e2e/*.e2e.ts'],
  concurrency: 1,
  workerThreads: false,
  failFast: true,
  timeout: '30m',
}
