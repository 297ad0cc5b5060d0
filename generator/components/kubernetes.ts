import type {IIngress} from 'kubernetes-models/networking.k8s.io/v1'
import type {IConfigMap, IEnvVar, IService, IServicePort, IVolume} from 'kubernetes-models/v1'
import {z} from 'zod'
import {type KubernetesObject, labelsOf, type SecretReference, type Site, selectorOf, text} from '../component.ts'
import {described} from '../environment/fields.ts'

/** An object of a Kubernetes type whose name is known. */
export type Named<Model> = Model & KubernetesObject

/** The issuer of all certificates in the cloud, made by component cluster-issuer. */
export const clusterIssuer = 'environment'
export const ingressClass = 'traefik'
/** Where ECK puts the authority of Elasticsearch, for a resource named elasticsearch. */
export const elasticsearchAuthority = 'elasticsearch-es-http-certs-public'

export function metadata(component: string, name = component) {
  return {name, labels: labelsOf(component)}
}

export function configMap(component: string, data: Record<string, string>, name = component): Named<IConfigMap> {
  return {apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata(component, name), data}
}

export function service(component: string, ports: IServicePort[], spec: IService['spec'] = {}): Named<IService> {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(component),
    spec: {selector: selectorOf(component), ports, ...spec},
  }
}

/** An HTTPS ingress with a certificate of its own from the environment's issuer. */
export function ingress(options: {
  component: string
  host: string
  service: {name: string; port: number}
  annotations?: Record<string, string>
}): Named<IIngress> {
  const {component, host, annotations = {}} = options
  const backend = {service: {name: options.service.name, port: {number: options.service.port}}}
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {...metadata(component), annotations: {'cert-manager.io/cluster-issuer': clusterIssuer, ...annotations}},
    spec: {
      ingressClassName: ingressClass,
      tls: [{hosts: [host], secretName: `${component}-tls`}],
      rules: [{host, http: {paths: [{path: '/', pathType: 'Prefix', backend}]}}],
    },
  }
}

/** Asks for the name and password of an operator, for a page that has no login of its own. */
export function loginMiddleware(component: string): KubernetesObject & {spec: object} {
  return {
    apiVersion: 'traefik.io/v1alpha1',
    kind: 'Middleware',
    metadata: metadata(component),
    spec: {basicAuth: {secret: operatorLogin.name, removeHeader: true}},
  }
}

/** Puts `loginMiddleware` before an ingress of the same component. */
export function loginAnnotation(component: string): Record<string, string> {
  return {'traefik.ingress.kubernetes.io/router.middlewares': `observability-${component}@kubernetescrd`}
}

export const operatorLogin: SecretReference = {
  name: 'operator-login',
  keys: {users: {kind: 'operatorLogins'}},
  purpose: 'Names and bcrypt hashes of the operators who may open pages without a login of their own',
}

/** A value that changes with the content of Secrets which a pod reads only when it starts. */
export const secretRevision = described(
  z
    .string()
    .regex(/^[r0-9a-f.]*$/, {error: 'expected what npm run secrets wrote'})
    .default(''),
  'Changes with the credentials, so that the pods restart with the new ones',
)

/** The revision of Secrets in namespace observability; empty where their cluster has none that are encrypted in Git. */
export function revisionOf({sealed}: Site, ...names: readonly string[]): string {
  return names
    .map((name) => sealed?.revisions.get(`observability/${name}`) ?? '')
    .filter((revision) => revision !== '')
    .join('.')
}

/** A container that may write nothing and gain nothing; add what it needs. */
export const lockedContainer = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: {drop: ['ALL']},
}

export function lockedPod(user: number) {
  return {
    runAsNonRoot: true,
    runAsUser: user,
    runAsGroup: user,
    fsGroup: user,
    fsGroupChangePolicy: 'OnRootMismatch' as const,
    seccompProfile: {type: 'RuntimeDefault' as const},
  }
}

export function fieldEnv(name: string, fieldPath: string): IEnvVar {
  return {name, valueFrom: {fieldRef: {fieldPath}}}
}

export function secretEnv(name: string, secret: string, key: string): IEnvVar {
  return {name, valueFrom: {secretKeyRef: {name: secret, key}}}
}

export function configVolume(name: string, component: string): IVolume {
  return {name, configMap: {name: component}}
}

export function secretVolume(name: string, secretName: string, options: {optional?: boolean} = {}): IVolume {
  return {name, secret: {secretName, defaultMode: 0o440, ...options}}
}

export function hostVolume(name: string, path: string, type: 'Directory' | 'DirectoryOrCreate' | 'File'): IVolume {
  return {name, hostPath: {path, type}}
}

export function volumeClaim(component: string, name: string, options: {storage: string; storageClass: string}) {
  return {
    metadata: metadata(component, name),
    spec: {
      accessModes: ['ReadWriteOnce' as const],
      storageClassName: options.storageClass,
      resources: {requests: {storage: options.storage}},
    },
  }
}

export function httpProbe(path: string, port: number, options: {initialDelaySeconds?: number} = {}) {
  return {httpGet: {path, port}, periodSeconds: 15, timeoutSeconds: 5, failureThreshold: 4, ...options}
}

/** The certificate of a server that ends TLS itself, in a Secret NAME-server. */
export function serverCertificate(component: string, host: string): KubernetesObject & {spec: object} {
  return {
    apiVersion: 'cert-manager.io/v1',
    kind: 'Certificate',
    metadata: metadata(component),
    spec: {
      secretName: `${component}-server`,
      dnsNames: [host],
      usages: ['server auth', 'digital signature', 'key encipherment'],
      issuerRef: {group: 'cert-manager.io', kind: 'ClusterIssuer', name: clusterIssuer},
    },
  }
}

/** Passes TLS through the ingress to a server that ends it itself. */
export function passthrough(options: {
  component: string
  entryPoint: string
  match: string
  port: number
}): KubernetesObject & {spec: object} {
  return {
    apiVersion: 'traefik.io/v1alpha1',
    kind: 'IngressRouteTCP',
    metadata: metadata(options.component),
    spec: {
      entryPoints: [options.entryPoint],
      routes: [{match: options.match, services: [{name: options.component, port: options.port}]}],
      tls: {passthrough: true},
    },
  }
}

/** Host name match of a TCP route, for a literal or a value. */
export function hostSni(host: string): string {
  return text`HostSNI(\`${host}\`)`
}
