import test from 'ava'
import type {Api} from './harness/api.ts'
import {stateOf} from './harness/api.ts'
import {expectComplete} from './harness/checks.ts'
import {type RunningEnvironment, startEnvironment} from './harness/environment.ts'
import {eventually} from './harness/eventually.ts'
import {flux} from './harness/flux.ts'
import {measured, printTable} from './harness/table.ts'

// What goes wrong around a correct repository: Git that cannot be reached, controllers and API servers that are
// killed in the middle of their work. Nobody repairs anything by hand.

let example: RunningEnvironment
const byHand = {cloud: ['Secret flux-system/git-credentials'], workshop: ['Secret flux-system/git-credentials']}

test.before(async () => {
  example = await startEnvironment({name: 'example', engine: flux, mirror: true})
})

test.after.always(async () => {
  if (!example) return
  printTable(example)
  await example.stop()
})

/** Waits until Flux says that it cannot reach Git. */
async function expectGitUnreachable(): Promise<void> {
  for (const {api, name} of example.fleet.members.values()) {
    await eventually(`${name} says that Git cannot be reached`, async () => {
      const [source] = await api.list('source.toolkit.fluxcd.io/v1', 'GitRepository')
      return source ? /Ready=False.*connection refused/.test(stateOf(source)) : false
    })
  }
}

/** Waits until Helm is in the middle of an installation. */
function isInstalling(api: Api, namespace: string): Promise<void> {
  return eventually(`a release is being installed in ${namespace}`, async () => {
    const secrets = await api.list('v1', 'Secret', namespace)
    return secrets.some(({metadata}) => metadata.labels?.status === 'pending-install')
  })
}

test.serial(
  'a first installation survives an unreachable Git, a killed controller and a killed API server',
  async (t) => {
    const {fleet, git, workspace} = example
    const cloud = fleet.get('cloud')
    const commit = await workspace.propose('env(example): first commit')
    await git.goAway()
    await example.bootstrap()
    await expectGitUnreachable()
    await measured(t, example, async () => {
      await git.comeBack()
      await example.announce()
      await isInstalling(cloud.api, 'cloud-operators')
      await cloud.reconciler?.restart('helm-controller')
      await isInstalling(cloud.api, 'observability')
      await cloud.restartApiServer()
      await example.arrived(commit)
    })
    await expectComplete(t, example, byHand)
  },
)

test.serial('a commit that was pushed while Git could not be reached arrives afterwards', async (t) => {
  const {git, workspace} = example
  await git.goAway()
  workspace.edit((file) => file.setIn(['settings', 'elasticsearch', 'logRetention'], 31))
  const commit = await workspace.propose('env(example): logs for 31 days')
  await example.announce()
  await expectGitUnreachable()
  await measured(t, example, async () => {
    await git.comeBack()
    await example.announce()
    await example.arrived(commit)
  })
  await expectComplete(t, example, byHand)
})

test.serial('an update survives every controller being killed at once', async (t) => {
  const {fleet, workspace} = example
  workspace.edit((file) => file.setIn(['settings', 'elasticsearch', 'logRetention'], 32))
  const commit = await workspace.propose('env(example): logs for 32 days')
  await measured(t, example, async () => {
    await example.announce()
    for (const {reconciler} of fleet.members.values()) {
      for (const name of ['source-controller', 'kustomize-controller', 'helm-controller'])
        await reconciler?.restart(name)
    }
    await example.arrived(commit)
  })
  await expectComplete(t, example, byHand)
})
