import {Encrypter} from 'age-encryption'
import {layerDefinitions} from '../components/index.ts'
import {hasErrors, type Issue, IssueError} from '../issue/issue.ts'
import {type Plan, planRepository} from '../pipeline.ts'
import {checkSecrets} from '../secrets/check-secrets.ts'
import {clusterKeyPath} from '../secrets/cluster-key.ts'
import {type Made, makeSecrets} from '../secrets/make-secrets.ts'
import {Sops} from '../secrets/sops.ts'
import {findTool, tools} from '../verify/tools.ts'
import type {Command, CommandInput, CommandResult} from './command.ts'
import {type RenderResult, render} from './render.ts'

export const command: Command = {
  help: `Usage: npm run secrets -- ENVIRONMENT [options]

Makes what the Secrets of an environment lack, encrypted for their cluster and the operators, and leaves what is there.
docs/secrets.md explains keys, who can read what, and what to do when something is lost.

Options:
  --check            say what is missing, ends soon, or can be read by somebody who should not; needs no key
  --rotate NAME      make anew: an edge cluster, an operator, a Secret of the cloud, authority, or all; may be repeated
  --retire           stop trusting the authority before the last rotation; --now: before every edge can know the new one
  --new-key CLUSTER  give a cluster another age key, where its key was lost or read by somebody; may be repeated
  --root FOLDER      the repository; default: this one
  --help             this text`,
  options: {
    check: {type: 'boolean'},
    rotate: {type: 'string', multiple: true},
    retire: {type: 'boolean'},
    now: {type: 'boolean'},
    'new-key': {type: 'string', multiple: true},
  },
  argument: 'the name of an environment',
  refuse: (options) => {
    const changing = ['rotate', 'retire', 'new-key'].filter((name) => options[name] !== undefined)
    if (options.check && changing.length > 0)
      return `Cannot use --check together with --${changing[0]}: it changes nothing`
    return options.now && !options.retire ? 'Cannot use --now without --retire' : undefined
  },
  run: (input) => (input.options.check ? check(input) : make(input)),
}

function check({root, argument}: CommandInput): CommandResult {
  const name = nameOf(argument)
  const plan = planOf(root, name)
  if (!plan.read.environment.secrets)
    return {issues: [], text: `${name} names no operators: its Secrets come by other means`}
  const found = checkSecrets({root, sites: plan.sites, layers: layerDefinitions, now: new Date()})
  const text = `The Secrets of ${name} are complete: ${plan.sites.length} clusters, as far as can be seen without a key`
  return {issues: found, text: hasErrors(found) ? undefined : text, outcome: ''}
}

/** A path that a shell has completed is as good as a name. */
function nameOf(argument: string): string {
  return argument.replace(/^(\.\/)?environments\//, '').replace(/\/.*$/, '')
}

async function make({root, argument, options, progress}: CommandInput): Promise<CommandResult> {
  progress('Reading environments')
  const name = nameOf(argument)
  const plan = planOf(root, name)
  if (!plan.read.environment.secrets) throw new IssueError(withoutRecipient(plan))
  const wrong = wrongRecipients(plan)
  if (wrong.length > 0) throw new IssueError(...wrong)
  const sops = new Sops(await findSops(root))
  const made = await makeSecrets({
    root,
    sites: plan.sites,
    layers: layerDefinitions,
    sops,
    rotate: listOf(options.rotate),
    newKeys: listOf(options['new-key']),
    retire: options.retire ? (options.now ? 'now' : 'in time') : 'no',
    now: new Date(),
    progress,
  })
  const rendered = renderAgain(root, progress)
  return {
    issues: [...made.issues, ...rendered.issues.filter(({severity}) => severity === 'error')],
    text: [reportOf(name, made), ...(rendered.summary?.split(/: nothing changed|\. Next/).slice(0, 1) ?? [])].join(
      '\n',
    ),
    outcome: '; the Secrets were made, but nothing was rendered: run npm run render',
  }
}

/** What was made is told in any case, so nothing that goes wrong here may end it. */
function renderAgain(root: string, progress: CommandInput['progress']): RenderResult {
  try {
    return render(root, progress)
  } catch (error) {
    if (error instanceof IssueError) return {issues: error.issues}
    const message = `Cannot render: ${(error as NodeJS.ErrnoException).code ?? (error as Error).name}`
    return {issues: [{severity: 'error', code: 'render', file: 'clusters', message, fix: 'run npm run render'}]}
  }
}

function listOf(option: CommandInput['options'][string]): string[] {
  return Array.isArray(option) ? option.map(String) : []
}

/** The environment. Problems of its Secrets are mended here, and those of other environments are no reason to wait. */
function planOf(root: string, name: string): Plan {
  const found: Issue[] = []
  const plans = planRepository(root, layerDefinitions, found)
  const plan = plans.find(({read}) => read.environment.name === name)
  const ownFolder = `environments/${name}/`
  const errors = found.filter(
    ({severity, code, file}) => severity === 'error' && code !== 'sealed' && file.startsWith(ownFolder),
  )
  if (errors.length > 0) throw new IssueError(...errors)
  if (!plan) throw new IssueError(unknownEnvironment(name, plans))
  return plan
}

async function findSops(root: string): Promise<string> {
  const found = await findTool(root, tools.sops)
  if (found) return found
  throw new IssueError({
    severity: 'error',
    code: 'sops',
    file: 'sops',
    message: `Cannot encrypt without sops: ${tools.sops.atLeast} or later is not on PATH, nor built here`,
    fix: 'install it from https://getsops.io, or run npm run tools, which builds it with Go',
  })
}

function unknownEnvironment(name: string, plans: readonly Plan[]): Issue {
  return {
    severity: 'error',
    code: 'environment',
    file: `environments/${name}/environment.yaml`,
    message: `Cannot find environment "${name}"`,
    fix: `write one of ${plans.map(({read}) => read.environment.name).join(', ')}`,
  }
}

/** Recipients of the right form whose checksum does not fit. */
function wrongRecipients({read}: Plan): Issue[] {
  return (read.environment.secrets?.operators ?? []).flatMap(({name, recipient}, index) => {
    try {
      new Encrypter().addRecipient(recipient)
      return []
    } catch {
      const path = ['secrets', 'operators', index, 'recipient']
      const message = `Cannot encrypt for ${name}: a letter of the recipient is wrong, its checksum does not fit`
      return [read.source.issue({code: 'recipient', path, message, fix: 'copy what age-keygen -y KEYFILE prints'})]
    }
  })
}

function withoutRecipient({read}: Plan): Issue {
  return read.source.issue({
    code: 'recipient',
    path: ['secrets'],
    message: 'Cannot encrypt: the environment names no operator who could read it',
    fix: 'run age-keygen -o ~/.config/sops/age/keys.txt and write the public key that it prints: secrets: {operators: [{name: alice, recipient: age1...}]}',
  })
}

function reportOf(environment: string, made: Made): string {
  const {changed, removed, newKeys, exposed, retirement, notes} = made
  if (changed.length + removed.length === 0) return `The Secrets of ${environment} are complete: nothing changed`
  return [
    ...changed.slice(0, shownFiles).map(changeLine),
    ...(changed.length > shownFiles ? [`wrote    ${changed.length - shownFiles} more files`] : []),
    ...removed.map((path) => `removed  ${path}`),
    ...keyLines(environment, newKeys),
    ...exposureLines(environment, exposed),
    ...retirementLines(environment, retirement),
    ...notes.map((note) => `\nAfter the merge: ${note}`),
    '\nNext: git add --all, review with git diff --staged, commit',
  ].join('\n')
}

const shownFiles = 20
const shownSecrets = 5

function changeLine({path, secrets}: Made['changed'][number]): string {
  const more = secrets.length - shownSecrets
  const names = [...secrets.slice(0, shownSecrets), ...(more > 0 ? [`${more} more`] : [])]
  return `wrote    ${path}${names.length > 0 ? `: ${names.join(', ')}` : ''}`
}

function keyLines(environment: string, clusters: readonly string[]): string[] {
  if (clusters.length === 0) return []
  const paths = clusters.slice(0, shownFiles).map((cluster) => `  ${clusterKeyPath(environment, cluster)}`)
  const more = clusters.length - paths.length
  return [
    `\nNew private keys, which Git ignores. environments/${environment}/README.md says how to put each in:`,
    ...paths,
    ...(more > 0 ? [`  and ${more} more`] : []),
  ]
}

function exposureLines(environment: string, {readers, rotate, mustRetire}: Made['exposed']): string[] {
  if (readers.length === 0) return []
  const names = rotate.filter((name) => !mustRetire || name !== 'authority')
  const command = `  npm run secrets -- ${environment}`
  return [
    `\nNo longer readable for ${readers.join(', ')}.`,
    'What was readable until now stays known. Rotate it:',
    `${command} ${names.map((name) => `--rotate ${name}`).join(' ')}`,
    ...(mustRetire ? ['The authority can follow once the one before is retired; at once, with what --now costs:'] : []),
    ...(mustRetire ? [`${command} --retire --now --rotate authority`] : []),
  ]
}

function retirementLines(environment: string, retirement: Date | undefined): string[] {
  if (!retirement) return []
  const day = retirement.toISOString().slice(0, 10)
  return [
    `\nThe authority before is trusted until you run, on ${day} or later: npm run secrets -- ${environment} --retire`,
  ]
}
