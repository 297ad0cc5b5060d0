import type {Issue} from '../issue/issue.ts'
import type {Bundle} from './bundle.ts'

/** kubernetes.io/docs/concepts/configuration/secret, "Size limit". */
const sizeLimit = 1_048_576

/** Secrets that Kubernetes would refuse. */
export function sizeIssues(path: string, bundle: Bundle): Issue[] {
  return [...bundle.values()].flatMap(({namespace, name, values}): Issue[] => {
    const size = Object.values(values).reduce((sum, value) => sum + Buffer.byteLength(value), 0)
    if (size <= sizeLimit) return []
    return [
      {
        severity: 'error',
        code: 'size',
        file: path,
        message: `Cannot make Secret ${namespace}/${name}: it would have ${size} bytes, more than ${sizeLimit}`,
        fix: 'split the environment in two: one has room for about 1700 edge clusters',
      },
    ]
  })
}
