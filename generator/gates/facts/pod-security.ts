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

const safeSysctls = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
])

/** Probes and hooks that ask another address than the pod's, which baseline refuses since Kubernetes 1.34 (KEP-4940). */
function hostsOf({startupProbe, readinessProbe, livenessProbe, lifecycle}: IContainer): string[] {
  const asked = [startupProbe, readinessProbe, livenessProbe, lifecycle?.postStart, lifecycle?.preStop]
  return asked.flatMap((each) => each?.httpGet?.host || each?.tcpSocket?.host || [])
}

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
  (spec) =>
    (spec.securityContext?.sysctls ?? [])
      .filter(({name}) => !safeSysctls.has(name))
      .map(({name}) => `sysctl ${name} is set`),
  (spec) =>
    forEach(spec, ({name, securityContext}) => {
      const {type, user, role} = {...spec.securityContext?.seLinuxOptions, ...securityContext?.seLinuxOptions}
      const isWrong =
        Boolean(user || role) ||
        !['', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t'].includes(type ?? '')
      return isWrong && `container ${name} has SELinux options of its own`
    }),
  (spec) =>
    forEach(
      spec,
      ({name, securityContext}) =>
        !['Default', undefined].includes(securityContext?.procMount) && `container ${name} sees all of /proc`,
    ),
  (spec) =>
    forEach(
      spec,
      ({name, securityContext}) =>
        securityContext?.appArmorProfile?.type === 'Unconfined' && `container ${name} has no AppArmor profile`,
    ),
  (spec) =>
    forEach(
      spec,
      (container) =>
        hostsOf(container).length > 0 && `container ${container.name} probes ${hostsOf(container).join(', ')}`,
    ),
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
  (spec) =>
    forEach(spec, ({name, securityContext}) => {
      const added = (securityContext?.capabilities?.add ?? []).filter((each) => each !== 'NET_BIND_SERVICE')
      return added.length > 0 && `container ${name} adds ${added.join(', ')}`
    }),
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
