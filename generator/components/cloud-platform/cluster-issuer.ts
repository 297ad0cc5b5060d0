import {z} from 'zod'
import {defineComponent, equals, type KubernetesObject, when} from '../../component.ts'
import {described, email} from '../../environment/fields.ts'
import {clusterIssuer, ingressClass, metadata} from '../kubernetes.ts'

// cert-manager looks for Secrets of cluster issuers in its own namespace.
const namespace = 'cloud-operators'
const authority = 'environment-ca'
const bootstrap = 'environment-ca-bootstrap'

export default defineComponent({
  name: 'cluster-issuer',
  summary: 'Who signs the certificates of the cloud, for all components under one name',
  settings: z.strictObject({
    acmeServer: described(
      z
        .string()
        .regex(/^https:\/\/[a-z0-9.-]+(:[0-9]{2,5})?(\/[A-Za-z0-9._-]+)+$/, {error: 'expected an https URL'})
        .default('https://acme-v02.api.letsencrypt.org/directory'),
      'Directory of the ACME service, with certificates.issuer acme',
      'https://acme-staging-v02.api.letsencrypt.org/directory',
    ),
  }),
  derived: z.strictObject({
    issuer: described(
      z.enum(['environment-ca', 'self-signed', 'acme']).default('environment-ca'),
      'Which of the three kinds of issuer',
    ),
    email: described(email.default('nobody@example.com'), 'Where the ACME service writes about expiry'),
  }),
  derive: ({environment: {cloud}}) => ({
    issuer: cloud.certificates.issuer,
    email: cloud.certificates.issuer === 'acme' ? cloud.certificates.email : 'nobody@example.com',
  }),
  images: {},
  secrets: [
    {
      name: authority,
      keys: {
        'tls.crt': {kind: 'authority', part: 'chain'},
        'tls.key': {kind: 'authority', part: 'privateKey'},
        // cert-manager would take ca.crt for a part of the chain.
        'trusted.crt': {kind: 'authority', part: 'trusted'},
      },
      purpose: "Certificate and key of the environment's authority, and the certificates that edges trust",
      namespace,
      needed: ({environment}) => environment.cloud.certificates.issuer === 'environment-ca',
    },
  ],
  objects: ({value}) => [
    when(equals(value.issuer, 'environment-ca'), issuer(clusterIssuer, {ca: {secretName: authority}})),
    when(equals(value.issuer, 'self-signed'), selfSignedIssuer()),
    when(equals(value.issuer, 'self-signed'), issuer(bootstrap, {selfSigned: {}})),
    when(equals(value.issuer, 'self-signed'), selfSignedAuthority()),
    when(equals(value.issuer, 'acme'), acmeIssuer(value)),
  ],
})

function issuer(name: string, spec: object): KubernetesObject {
  const object = {apiVersion: 'cert-manager.io/v1', kind: 'ClusterIssuer', metadata: metadata('cluster-issuer', name)}
  return {...object, spec} as KubernetesObject
}

function selfSignedIssuer(): KubernetesObject {
  return issuer(clusterIssuer, {ca: {secretName: authority}})
}

function selfSignedAuthority(): KubernetesObject {
  return {
    apiVersion: 'cert-manager.io/v1',
    kind: 'Certificate',
    metadata: {...metadata('cluster-issuer', authority), namespace},
    spec: {
      isCA: true,
      commonName: 'SMARTER edge observability',
      secretName: authority,
      duration: '87600h',
      privateKey: {algorithm: 'ECDSA', size: 256},
      issuerRef: {group: 'cert-manager.io', kind: 'ClusterIssuer', name: bootstrap},
    },
  } as KubernetesObject
}

/** A challenge is answered on port 80; on 443 some hosts ask for a client certificate first. */
const onPlainHttp = {metadata: {annotations: {'traefik.ingress.kubernetes.io/router.entrypoints': 'web'}}}

function acmeIssuer({acmeServer, email}: {acmeServer: string; email: string}): KubernetesObject {
  return issuer(clusterIssuer, {
    acme: {
      server: acmeServer,
      email,
      privateKeySecretRef: {name: 'acme-account'},
      solvers: [{http01: {ingress: {ingressClassName: ingressClass, ingressTemplate: onPlainHttp}}}],
    },
  })
}
