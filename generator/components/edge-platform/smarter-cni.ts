import {z} from 'zod'
import {defineComponent, nothingDerived, text} from '../../component.ts'
import {described, ipv4, ipv4Network} from '../../environment/fields.ts'
import {configMap, hostVolume} from '../kubernetes.ts'
import {daemonSet} from '../workloads.ts'

const name = 'smarter-cni'

export default defineComponent({
  name,
  summary: 'A bridge on each node in place of a cluster network: pods of a node talk, and reach out through the node',
  notes:
    'An own DaemonSet: that of chart smarter-cni 0.0.8 repeats the key tolerations, which the kustomize step inside Flux refuses.',
  enabled: ({cluster}) => cluster.cni === 'smarter',
  settings: z.strictObject({
    network: described(
      ipv4Network.default('172.39.0.0/16'),
      'Network of the pods, the same on each node',
      '172.39.0.0/16',
    ),
    gateway: described(ipv4.default('172.39.0.1'), 'Address of the bridge, in that network', '172.39.0.1'),
  }),
  ...nothingDerived,
  images: {
    // Built for 64-bit only since 2022-10-27 (smarter-project/smarter-cni 978e484).
    cni: {reference: 'ghcr.io/smarter-project/smarter-cni:v1.34.4', architectures: ['amd64', 'arm64']},
  },
  objects: ({value, images}) => {
    const files = {CIDR: text`${value.network}`, GW: text`${value.gateway}`}
    return [
      configMap(name, files),
      daemonSet(name, {
        files,
        pod: {
          hostNetwork: true,
          dnsPolicy: 'Default',
          priorityClassName: 'system-node-critical',
          automountServiceAccountToken: false,
          tolerations: [{operator: 'Exists'}],
          nodeSelector: {'kubernetes.io/os': 'linux'},
          containers: [container(images.cni)],
          volumes: [
            hostVolume('opt-cni', '/opt/cni', 'DirectoryOrCreate'),
            hostVolume('etc-cni', '/etc/cni', 'DirectoryOrCreate'),
          ],
        },
      }),
    ]
  },
})

/** Privileged as in the project's own manifest: it sets the FORWARD policy of the node and writes its CNI folders. */
function container(image: string) {
  const probe = {
    exec: {command: ['/bin/sh', '-c', 'ls /opt/cni/bin/*bridge /etc/cni/net.d/*smarter* > /dev/null']},
    periodSeconds: 30,
  }
  return {
    name: 'cni',
    image,
    imagePullPolicy: 'IfNotPresent' as const,
    envFrom: [{configMapRef: {name}}],
    // Where containerd looks when k3s brings no network of its own.
    env: [{name: 'DEST_DIR', value: '/opt/cni/bin'}],
    readinessProbe: probe,
    livenessProbe: {...probe, initialDelaySeconds: 60},
    resources: {requests: {cpu: '10m', memory: '16Mi'}, limits: {cpu: '200m', memory: '64Mi'}},
    securityContext: {privileged: true, capabilities: {add: ['NET_ADMIN', 'SYS_MODULE']}},
    volumeMounts: [
      {name: 'opt-cni', mountPath: '/opt/cni'},
      {name: 'etc-cni', mountPath: '/etc/cni'},
    ],
  }
}
