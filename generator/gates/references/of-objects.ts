import type {IIngress} from 'kubernetes-models/networking.k8s.io/v1'
import type {IService} from 'kubernetes-models/v1'
import type {KubernetesObject} from '../../component.ts'
import {podsOf, valueAt} from '../../tree/pods.ts'
import {nameOf, type Placed} from '../../tree/tree.ts'
import {textWithin, within} from '../facts/agents.ts'
import {entryPoints, selects, servicesIn, targetPort} from '../facts/exposures.ts'
import {about, type Finding} from '../gate.ts'
import {type Context, given, has, idOf, render, type Say} from './context.ts'
import {pipelineFindings} from './of-pipelines.ts'
import {policyFindings} from './of-policies.ts'

type Check = (context: Context, placed: Placed, say: Say) => Finding[]

/** By kind: what objects name, beside pods. */
const checks: Readonly<Record<string, Check>> = {
  ConfigMap: (_context, placed, say) => pipelineFindings(placed, say),
  Service: serviceFindings,
  Ingress: (context, placed, say) => [
    ...ingressFindings(context, placed, say),
    ...annotationFindings(context, placed.object, say),
  ],
  Elasticsearch: (context, {object}, say) => annotationFindings(context, object, say),
  IngressRouteTCP: routeFindings,
  StatefulSet: ({cluster}, {object}, say) => {
    const name = textWithin(object, 'spec', 'serviceName')
    const isThere = cluster.objects.some(
      ({object: each}) => idOf(each) === `Service ${object.metadata.namespace}/${name}`,
    )
    return isThere ? [] : [say(`its serviceName is ${name || 'missing'}, and there is no such Service`)]
  },
  RoleBinding: bindingFindings,
  ClusterRoleBinding: bindingFindings,
  NetworkPolicy: policyFindings,
  Certificate: (context, {object}, say) =>
    issuerFindings(context, textWithin(object, 'spec', 'issuerRef', 'name'), say),
  L2Advertisement: (context, {object}, say) =>
    ((within(object, 'spec', 'ipAddressPools') ?? []) as string[])
      .filter((name) => !has(context, 'IPAddressPool', object.metadata.namespace ?? '', name))
      .map((name) => say(`it announces pool ${name}, which is not there`)),
  IPAddressPool: ({cluster}, {object}, say) => {
    const announced = cluster.objects.some(
      ({object: each}) =>
        each.kind === 'L2Advertisement' &&
        ((within(each, 'spec', 'ipAddressPools') ?? []) as string[]).includes(object.metadata.name),
    )
    return announced ? [] : [say('no L2Advertisement announces it: its addresses answer to nobody')]
  },
  Kibana: (context, {object}, say) => {
    const name = textWithin(object, 'spec', 'elasticsearchRef', 'name')
    return has(context, 'Elasticsearch', object.metadata.namespace ?? '', name)
      ? []
      : [say(`it shows Elasticsearch ${name}, which is not there`)]
  },
}

/** What an object names, beside pods. */
export function objectFindings(context: Context, placed: Placed): Finding[] {
  const {object} = placed
  const say: Say = (message, fix = render, mark = '') =>
    about(placed, context.cluster, `${nameOf(object)}: ${message}`, fix, mark)
  return [...(checks[object.kind]?.(context, placed, say) ?? []), ...namespaceFindings(context, placed, say)]
}

function namespaceFindings({cluster}: Context, {object}: Placed, say: Say): Finding[] {
  const {namespace} = object.metadata
  if (!namespace || given.has(namespace)) return []
  const isThere = [...cluster.objects, ...cluster.engine].some(
    ({object: each}) => each.kind === 'Namespace' && each.metadata.name === namespace,
  )
  return isThere ? [] : [say(`there is no namespace ${namespace}`)]
}

function serviceFindings({cluster}: Context, {object}: Placed, say: Say): Finding[] {
  const service = object as IService & KubernetesObject
  const pods = podsOf(cluster).filter((each) => each.namespace === object.metadata.namespace && selects(service, each))
  if (pods.length === 0) return [say('no pod has the labels that it selects')]
  return (service.spec?.ports ?? [])
    .filter(({port, targetPort: target = port}) => pods.every((each) => targetPort(each, target) === undefined))
    .map(({port, targetPort: target = port}) => say(`port ${port} leads to ${target}, which its pods do not have`))
}

function ingressFindings(context: Context, {object}: Placed, say: Say): Finding[] {
  const {spec} = object as IIngress
  const {cluster} = context
  const services = servicesIn(cluster)
  const {namespace} = object.metadata
  const traefik = cluster.charts.find(({component}) => component.name === 'traefik')
  const served = traefik ? valueAt(traefik.values, 'ingressClass.name') : undefined
  const backends = (spec?.rules ?? [])
    .flatMap(({http}) => http?.paths ?? [])
    .map(({backend}) => `${backend.service?.name}:${backend.service?.port?.number}`)
  const hosts = (spec?.rules ?? []).flatMap(({host}) => host ?? [])
  const secured = (spec?.tls ?? []).flatMap(({hosts: names = []}) => names)
  return [
    ...(spec?.ingressClassName === served
      ? []
      : [say(`nothing serves class ${spec?.ingressClassName ?? 'of none'}: Traefik serves ${served}`)]),
    ...backends
      .filter((backend) => !services.has(`${namespace}/${backend}`))
      .map((backend) => say(`it leads to ${backend}, and there is no such Service`)),
    ...hosts.filter((host) => !secured.includes(host)).map((host) => say(`${host} has no certificate`)),
    ...secured
      .filter((host) => !hosts.includes(host))
      .map((host) => say(`its certificate is for ${host}, which it does not serve`)),
  ]
}

const middlewares = 'traefik.ingress.kubernetes.io/router.middlewares'
const transport = 'traefik.ingress.kubernetes.io/service.serverstransport'

function annotationFindings(context: Context, object: KubernetesObject, say: Say): Finding[] {
  const own = object.metadata.annotations ?? {}
  const ofService = (within(object, 'spec', 'http', 'service', 'metadata', 'annotations') ?? {}) as Record<
    string,
    string
  >
  const kinds = {[middlewares]: 'Middleware', [transport]: 'ServersTransport'}
  const namespace = object.metadata.namespace ?? ''
  return [
    ...(own['cert-manager.io/cluster-issuer']
      ? issuerFindings(context, own['cert-manager.io/cluster-issuer'], say)
      : []),
    ...(object.kind === 'Ingress' && !own['cert-manager.io/cluster-issuer']
      ? [say('it names no issuer: nobody makes its certificate')]
      : []),
    ...Object.entries(kinds).flatMap(([annotation, kind]) => {
      const value = own[annotation] ?? ofService[annotation]
      const name = value?.replace(/@kubernetescrd$/, '').slice(namespace.length + 1)
      return value === undefined || (value.endsWith('@kubernetescrd') && has(context, kind, namespace, name ?? ''))
        ? []
        : [say(`it goes through ${value}, and there is no such ${kind}`)]
    }),
  ]
}

export function issuerFindings(context: Context, name: string, say: Say): Finding[] {
  return has(context, 'ClusterIssuer', '', name)
    ? []
    : [say(`it asks issuer ${name} for a certificate, which is not there`)]
}

function routeFindings({cluster}: Context, {object}: Placed, say: Say): Finding[] {
  const points = entryPoints(cluster)
  const services = servicesIn(cluster)
  const routes = (within(object, 'spec', 'routes') ?? []) as {services: {name: string; port: number}[]}[]
  return [
    ...((within(object, 'spec', 'entryPoints') ?? []) as string[])
      .filter((name) => !points.has(name))
      .map((name) => say(`Traefik has no entry point ${name}`)),
    ...routes
      .flatMap((route) => route.services)
      .filter(({name, port}) => !services.has(`${object.metadata.namespace}/${name}:${port}`))
      .map(({name, port}) => say(`it leads to ${name}:${port}, and there is no such Service`)),
  ]
}

function bindingFindings(context: Context, {object}: Placed, say: Say): Finding[] {
  const role = within(object, 'roleRef') as {kind: string; name: string} | undefined
  const subjects = (within(object, 'subjects') ?? []) as {kind: string; name: string; namespace?: string}[]
  const isThere =
    role && has(context, role.kind, role.kind === 'ClusterRole' ? '' : (object.metadata.namespace ?? ''), role.name)
  return [
    ...(isThere ? [] : [say(`it grants ${role?.kind} ${role?.name}, which is not there`)]),
    ...subjects
      .filter(
        ({kind, namespace = object.metadata.namespace ?? '', name}) =>
          kind === 'ServiceAccount' && !has(context, 'ServiceAccount', namespace, name),
      )
      .map(({namespace, name}) => say(`it is for ServiceAccount ${namespace}/${name}, which is not there`)),
  ]
}
