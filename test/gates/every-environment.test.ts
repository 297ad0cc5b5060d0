import {cpSync, mkdirSync, symlinkSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import {render} from '../../generator/commands/render.ts'
import {gateNames} from '../../generator/environment/verification.ts'
import {printIssues} from '../../generator/issue/print.ts'
import {toolsFolder} from '../../generator/verify/tools.ts'
import {upstreamFolder} from '../../generator/verify/upstream.ts'
import {printYaml} from '../../generator/yaml/print.ts'
import {root} from '../support/paths.ts'
import {temporaryFolder} from '../support/temporary.ts'
import {hasUpstreamData} from '../support/upstream.ts'
import {arbitraryEnvironment} from './support/arbitrary-environment.ts'
import {verifyIn} from './support/repository.ts'

/** Whether machines are large enough is for operators to say, and another process for each render takes too long. */
const chosen = gateNames.filter((name) => !['resources', 'outage', 'determinism'].includes(name))

test('what is rendered of any valid environment passes: no gate cries wolf', async (t) => {
  if (!hasUpstreamData(t)) return
  await fc.assert(
    fc.asyncProperty(arbitraryEnvironment, async (environment) => {
      const folder = temporaryFolder(t)
      mkdirSync(join(folder, 'environments/site'), {recursive: true})
      mkdirSync(join(folder, '.cache'))
      symlinkSync(upstreamFolder(root), join(folder, '.cache/upstream'))
      symlinkSync(join(root, toolsFolder), join(folder, toolsFolder))
      cpSync(join(root, 'images.lock.yaml'), join(folder, 'images.lock.yaml'))
      writeFileSync(join(folder, 'environments/site/environment.yaml'), printYaml(environment as never))
      const rendered = render(folder, () => {})
      if (!rendered.written) throw new Error(printIssues(rendered.issues))
      const {issues} = await verifyIn(folder, {gate: [...chosen]})
      const errors = issues.filter(({severity}) => severity === 'error')
      if (errors.length > 0) throw new Error(printIssues(errors))
    }),
    {numRuns: 40, seed: 6},
  )
  t.pass()
})
