import type {IContainer} from 'kubernetes-models/v1'
import {containersOf, type Pods, podsOf, valueAt} from '../tree/pods.ts'
import {nameOf, type Placed, placeOf, type RenderedCluster, type UpstreamRelease} from '../tree/tree.ts'
import {filesOf, within} from './facts/agents.ts'
import {about, clusterGate, type Finding} from './gate.ts'

export default clusterGate({
  name: 'substitution',
  rule: 'Every ${...} is put in by the program that it is meant for, and by nobody on the way',
  reason:
    'Flux replaces ${...} in everything that a Kustomization with postBuild applies: queries of dashboards lose their variables, or the whole Kustomization fails; a variable that nobody sets is empty.',
  source:
    'fluxcd.io/flux/components/kustomize/kustomizations, "Post build variable substitution"; fluxcd/flux2-monitoring-example issue 44',
  check: (cluster) => [
    ...cluster.engine.flatMap((placed) => postBuild(placed, cluster)),
    ...podsOf(cluster)
      .filter(({isOwn}) => isOwn)
      .flatMap((pods) => variables(pods, cluster)),
    ...cluster.charts.flatMap((release) => grafanaVariables(release, cluster)),
  ],
})

const disabled = 'kustomize.toolkit.fluxcd.io/substitute'
const marked = /(?<!\$)\$\{[^}]*\}|(?<![$\w])\$[A-Za-z_]\w*/

/** With postBuild, what is applied, which charts are not part of, must have no ${...} of its own, or say that it wants none replaced. */
function postBuild(placed: Placed, cluster: RenderedCluster): Finding[] {
  const {object} = placed
  if (object.kind !== 'Kustomization' || within(object, 'spec', 'postBuild') === undefined) return []
  const applied = cluster.engine.filter(
    ({object: other}) => other !== object && other.metadata.annotations?.[disabled] !== 'disabled',
  )
  const touched = applied.filter(({object: other}) => /(?<!\$)\$\{[^}]*\}/.test(JSON.stringify(other)))
  const [first] = touched
  if (!first) return []
  const message = `${nameOf(object)} replaces \${...} after building, and ${nameOf(first.object)} has some that are not for Flux`
  return [
    about(
      placed,
      cluster,
      message,
      `take postBuild away, or write $$\{...}, or the annotation ${disabled}: disabled`,
      'postBuild:',
    ),
  ]
}

/** Variables that every container has (kubernetes.io/docs/tutorials/services/connect-applications-service). */
const given = new Set(['KUBERNETES_SERVICE_HOST', 'KUBERNETES_SERVICE_PORT', 'HOSTNAME', 'HOME', 'PATH'])

/** What a configuration wants of its container: `${NAME}` of Fluent Bit, `${env:NAME}` of the collector and Jaeger. */
function variables(pods: Pods, cluster: RenderedCluster): Finding[] {
  const files = filesOf(cluster, pods)
  const {containers} = pods.spec
  const commands = containers.flatMap(({command = [], args = []}) => [...command, ...args])
  const inFiles = files.flatMap(({name, text}) => {
    if (/\.ya?ml$/.test(name)) return wanted(text).map((variable) => ({name, variable}))
    const isRun = name.endsWith('.sh') && commands.some((each) => each.endsWith(`/${name}`))
    return isRun ? scriptVariables(text).map((variable) => ({name, variable})) : []
  })
  // What a whole map of variables has in it is not for this gate.
  const isOpen = containers.some(({envFrom = []}) => envFrom.length > 0)
  const set = new Set(containers.flatMap(namesIn))
  const lost = isOpen ? [] : inFiles.filter(({variable}) => !set.has(variable) && !given.has(variable))
  return [
    ...lost.map(({name, variable}) =>
      about(
        pods,
        cluster,
        `${pods.by}: ${name} wants \${${variable}}, which no container sets`,
        `set ${variable} in env, or write $$ for a literal $`,
      ),
    ),
    ...containersOf(pods.spec).flatMap((container) =>
      expansions(container).map((variable) =>
        about(
          pods,
          cluster,
          `${pods.by}: container ${container.name} wants $(${variable}), which it does not set before`,
          `set ${variable} in env above it`,
        ),
      ),
    ),
  ]
}

function namesIn({env = []}: IContainer): string[] {
  return env.map(({name}) => name)
}

/** One with a default, `${env:NAME:-default}`, need not be set. */
function wanted(text: string): string[] {
  const found = [...text.matchAll(/(?<!\$)\$\{(?:env:)?([A-Za-z_][A-Za-z0-9_]*)\}/g)].map(([, name = '']) => name)
  return [...new Set(found)]
}

/** Capitals that a script reads and never sets: those are for its container. */
function scriptVariables(text: string): string[] {
  const read = [...text.matchAll(/\$\{?([A-Z][A-Z0-9_]+)\b/g)].map(([, name = '']) => name)
  const set = new Set([...text.matchAll(/\b(?:export +)?([A-Z][A-Z0-9_]+)=/g)].map(([, name]) => name))
  return [...new Set(read)].filter((name) => !set.has(name))
}

/** `$(NAME)` in arguments and variables, which the kubelet replaces by what stands before. */
function expansions({env = [], args = [], command = []}: IContainer): string[] {
  const names = env.map(({name}) => name)
  const ofArguments = [...args, ...command]
    .filter((text) => !text.includes('\n'))
    .flatMap((text) => kubeletVariables(text))
    .filter((name) => !names.includes(name))
  const ofVariables = env.flatMap(({value = ''}, index) =>
    kubeletVariables(value).filter((name) => !names.slice(0, index).includes(name)),
  )
  return [...new Set([...ofArguments, ...ofVariables])]
}

function kubeletVariables(text: string): string[] {
  return [...text.matchAll(/(?<!\$)\$\(([A-Z][A-Z0-9_]*)\)/g)].map(([, name = '']) => name)
}

/** Provisioned files of Grafana take `$__env{NAME}` of its variables, and any other $ has to be doubled. */
function grafanaVariables(release: UpstreamRelease, cluster: RenderedCluster): Finding[] {
  const {values, component} = release
  const chart = component.chart.name
  const sources = valueAt(values, 'datasources')
  if (sources === undefined) return []
  const text = JSON.stringify(sources)
  const set = new Set(Object.keys((valueAt(values, 'envValueFrom') ?? {}) as object))
  const lost = [...text.matchAll(/\$__env\{(\w+)\}/g)].map(([, name = '']) => name).filter((name) => !set.has(name))
  const rest = text.replace(/\$__(env|file)\{[^}]*\}/g, '').replaceAll('$$', '')
  const single = marked.exec(rest)?.[0]
  return [
    ...[...new Set(lost)].map((name) =>
      about(
        placeOf(release),
        cluster,
        `Chart ${chart}: a datasource wants ${name}, which its container does not have`,
        'set it in envValueFrom',
      ),
    ),
    ...(single
      ? [
          about(
            placeOf(release),
            cluster,
            `Chart ${chart}: Grafana would put something else in place of ${single} in a datasource`,
            'double the $',
          ),
        ]
      : []),
  ]
}
