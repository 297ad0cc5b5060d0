import {clusterPrograms} from '../../../generator/verify/cluster-programs.ts'
import {builtTool} from '../../../generator/verify/tools.ts'
import {root} from '../../support/paths.ts'

/** Path of a program of `clusterPrograms`, which `npm run tools -- --clusters` builds. */
export function program(name: keyof typeof clusterPrograms): string {
  return builtTool(root, clusterPrograms[name])
}
