import {z} from 'zod'
import {type Component, defineComponent, text} from '../../component.ts'
import {described, resources} from '../../environment/fields.ts'
import {fieldEnv, lockedContainer} from '../kubernetes.ts'
import {daemonSet} from '../workloads.ts'

export type Part = 'client' | 'formatter' | 'publisher'

/** The client answers on the port of 2020, the others on those that the tutorial's code has built in. */
const ports: Record<Part, number> = {client: 8080, formatter: 8081, publisher: 8082}

/**
 * One of the three parts of the demo. They share the network of the node, because the code calls its neighbours on
 * localhost (opentracing-tutorial, lesson 3) and an edge without cluster DNS has no names for them.
 */
export function demoPart(part: Part, summary: string): Component {
  return defineComponent({
    name: part,
    summary,
    nodeLabel: part,
    settings: z.strictObject({
      resources: resources({cpu: '10m', memory: '32Mi', cpuLimit: '200m', memoryLimit: '128Mi'}),
    }),
    derived: z.strictObject({
      tracePort: described(z.int().min(1).max(65535).default(6831), "Port of the node's trace agent"),
    }),
    derive: ({endpoint}) => ({tracePort: endpoint('nodeTraces').port}),
    images: {
      // Published in 2020 for 64-bit Arm; override it for other nodes.
      [part]: {
        reference: `registry.gitlab.com/arm-research/smarter/edge-jaeger-tutorial:${part}`,
        architectures: ['arm64'],
      },
    },
    requires: ['nodeTraces'],
    objects: ({value, images}) => [
      daemonSet(part, {
        pod: {
          hostNetwork: true,
          dnsPolicy: 'Default',
          automountServiceAccountToken: false,
          securityContext: {seccompProfile: {type: 'RuntimeDefault'}},
          nodeSelector: {'kubernetes.io/os': 'linux', [part]: 'yes'},
          containers: [
            {
              name: part,
              image: images[part] ?? '',
              imagePullPolicy: 'IfNotPresent',
              env: [
                fieldEnv('NODE_NAME', 'spec.nodeName'),
                {name: 'JAEGER_AGENT_HOST', value: '127.0.0.1'},
                {name: 'JAEGER_AGENT_PORT', value: text`${value.tracePort}`},
              ],
              ports: [{name: 'http', containerPort: ports[part], hostPort: ports[part]}],
              startupProbe: {tcpSocket: probed(part), periodSeconds: 5, failureThreshold: 30},
              readinessProbe: {tcpSocket: probed(part), periodSeconds: 15},
              livenessProbe: {tcpSocket: probed(part), periodSeconds: 30},
              resources: value.resources,
              securityContext: {...lockedContainer, readOnlyRootFilesystem: false},
            },
          ],
        },
      }),
    ],
  })
}

/** The client is called from outside; the others may listen on localhost only. */
function probed(part: Part) {
  return part === 'client' ? {port: ports[part]} : {host: '127.0.0.1', port: ports[part]}
}
