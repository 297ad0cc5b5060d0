import type {LayerDefinition} from '../../component.ts'
import type {SealedFile} from '../../environment/sealed.ts'
import {remoteClusters} from '../../gitops/engine.ts'
import {engineOf} from '../../gitops/engines.ts'
import {streamKeyPerEdge} from '../../secret.ts'
import {plannedSecrets} from '../../secrets/plan.ts'
import type {RenderedCluster} from '../../tree/tree.ts'
import {textWithin, within} from './agents.ts'

/** Secrets that will be in a cluster, as NAMESPACE/NAME to the names of their keys; undefined keys: any. */
export type SecretKeysByName = ReadonlyMap<string, ReadonlySet<string> | undefined>

/**
 * Where the Secrets of a cluster come from: those that `npm run secrets` makes, or has made; those that a person puts
 * there when a cluster is bootstrapped; and those that cert-manager and the operator of Elastic make.
 */
export function secretsIn(
  cluster: RenderedCluster,
  layers: readonly LayerDefinition[],
  sealed: SealedFile | undefined,
): SecretKeysByName {
  const {site} = cluster
  const planned = plannedSecrets(site, layers).map(
    ({namespace, name, keys}): [string, ReadonlySet<string> | undefined] => [
      `${namespace}/${name}`,
      keys === streamKeyPerEdge ? undefined : new Set(Object.keys(keys)),
    ],
  )
  return new Map([
    ...planned,
    ...(sealed?.secrets ?? []).map(({namespace, name, keys}): [string, Set<string>] => [
      `${namespace}/${name}`,
      new Set(keys),
    ]),
    ...made(cluster),
    ...ofEngine(cluster),
  ])
}

/** Keys by cert-manager.io/docs/usage/certificate and elastic.co/docs, "Manage TLS certificates on ECK". */
const certificateKeys = new Set(['tls.crt', 'tls.key', 'ca.crt'])

function made({objects, charts}: RenderedCluster): [string, ReadonlySet<string> | undefined][] {
  const ofObjects = objects.flatMap(({object}): [string, ReadonlySet<string> | undefined][] => {
    const {kind, metadata} = object
    const at = (name: string) => `${metadata.namespace}/${name}`
    if (kind === 'Certificate') return [[at(textWithin(object, 'spec', 'secretName')), certificateKeys]]
    if (kind === 'Ingress') return tlsOf(object).map((name) => [at(name), certificateKeys])
    if (kind === 'Secret')
      return [
        [
          at(metadata.name),
          new Set(Object.keys({...(within(object, 'data') as object), ...(within(object, 'stringData') as object)})),
        ],
      ]
    if (kind === 'Elasticsearch')
      return [
        [at(`${metadata.name}-es-http-certs-public`), new Set(['ca.crt', 'tls.crt'])],
        [at(`${metadata.name}-es-elastic-user`), new Set(['elastic'])],
      ]
    return []
  })
  const ofCharts = charts.flatMap(({values, namespace}): [string, ReadonlySet<string>][] => {
    const names = ((within(values, 'ingress', 'tls') ?? []) as {secretName: string}[]).map(({secretName}) => secretName)
    return names.map((name) => [`${namespace}/${name}`, certificateKeys])
  })
  return [...ofObjects, ...ofCharts]
}

function tlsOf(object: object): string[] {
  return ((within(object, 'spec', 'tls') ?? []) as {secretName?: string}[]).flatMap(({secretName}) => secretName ?? [])
}

/** What bootstrapping puts there: access to Git, to edge clusters, and the keys that decrypt. */
function ofEngine({site}: RenderedCluster): [string, ReadonlySet<string>][] {
  const {environment, cluster} = site
  const engine = engineOf(environment)
  const served = [cluster, ...remoteClusters(site)]
  const own = [
    ...(environment.git.secret ? engine.gitSecrets(environment.git.secret, environment) : []),
    ...served
      .filter(({reconcile}) => reconcile === 'remote')
      .flatMap(({name}) => engine.remoteSecrets(name, environment)),
    ...(environment.secrets ? served.map((each) => engine.ageSecret(each)) : []),
  ]
  return own.map(({namespace, name, keys}) => [`${namespace}/${name}`, new Set(keys)])
}
