import type {IContainer, IPodSpec} from 'kubernetes-models/v1'
import {containersOf} from '../../tree/pods.ts'

export const podSecurityLevels = ['privileged', 'baseline', 'restricted'] as const
export type PodSecurityLevel = (typeof podSecurityLevels)[number]

type Rule = (spec: IPodSpec) => string[]

/** Capabilities that the baseline level lets a container add. */
const baselineCapabilities = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
])

const forEach = (spec: IPodSpec, check: (container: IContainer) => string | false | undefined) =>
  containersOf(spec).flatMap((container) => check(container) || [])

const baseline: readonly Rule[] = [
  (spec) => (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((key) => spec[key]).map((key) => `${key} is set`),
  (spec) =>
    (spec.volumes ?? []).filter(({hostPath}) => hostPath).map(({name}) => `volume ${name} is a folder of the node`),
  (spec) =>
    forEach(spec, ({name, securityContext}) => securityContext?.privileged && `container ${name} is privileged`),
  (spec) =>
    forEach(
      spec,
      ({name, ports = []}) => ports.some(({hostPort}) => hostPort) && `container ${name} takes a port of the node`,
    ),
  (spec) =>
    forEach(spec, ({name, securityContext}) => {
      const wrong = (securityContext?.capabilities?.add ?? []).filter((each) => !baselineCapabilities.has(each))
      return wrong.length > 0 && `container ${name} adds ${wrong.join(', ')}`
    }),
  (spec) => seccompOf(spec, 'Unconfined').map((name) => `${name} has no seccomp profile`),
  (spec) => (spec.securityContext?.appArmorProfile?.type === 'Unconfined' ? ['the pod has no AppArmor profile'] : []),
]

const restrictedVolumes = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
]

const restricted: readonly Rule[] = [
  (spec) =>
    (spec.volumes ?? [])
      .filter((volume) => !restrictedVolumes.some((kind) => kind in volume))
      .map(({name}) => `volume ${name} is of a kind that is not allowed`),
  (spec) =>
    forEach(
      spec,
      ({name, securityContext}) =>
        securityContext?.allowPrivilegeEscalation !== false && `container ${name} may gain rights`,
    ),
  (spec) =>
    forEach(spec, ({name, securityContext}) => {
      const nonRoot = securityContext?.runAsNonRoot ?? spec.securityContext?.runAsNonRoot
      return nonRoot !== true && `container ${name} may run as root`
    }),
  (spec) =>
    forEach(
      spec,
      ({name, securityContext}) =>
        (securityContext?.runAsUser ?? spec.securityContext?.runAsUser) === 0 && `container ${name} runs as root`,
    ),
  (spec) =>
    forEach(
      spec,
      ({name, securityContext}) =>
        !securityContext?.capabilities?.drop?.includes('ALL') && `container ${name} keeps capabilities`,
    ),
  (spec) => {
    const ofPod = spec.securityContext?.seccompProfile?.type
    return forEach(spec, ({name, securityContext}) => {
      const type = securityContext?.seccompProfile?.type ?? ofPod
      return type !== 'RuntimeDefault' && type !== 'Localhost' && `container ${name} names no seccomp profile`
    })
  },
]

function seccompOf(spec: IPodSpec, type: string): string[] {
  const ofPod = spec.securityContext?.seccompProfile?.type === type ? ['the pod'] : []
  return [
    ...ofPod,
    ...forEach(
      spec,
      ({name, securityContext}) => securityContext?.seccompProfile?.type === type && `container ${name}`,
    ),
  ]
}

const rules: Readonly<Record<PodSecurityLevel, readonly Rule[]>> = {
  privileged: [],
  baseline,
  restricted: [...baseline, ...restricted],
}

/** Why a namespace that enforces a level refuses a pod (kubernetes.io/docs/concepts/security/pod-security-standards). */
export function refusals(spec: IPodSpec, level: PodSecurityLevel): string[] {
  return rules[level].flatMap((rule) => rule(spec))
}
