import {z} from 'zod'
import {defineComponent, type KubernetesObject, when} from '../../component.ts'
import {described} from '../../environment/fields.ts'
import {podSecurityLabels} from '../../model/pod-security.ts'
import {metadata} from '../kubernetes.ts'

export default defineComponent({
  name: 'namespaces',
  summary: 'The namespaces of the edge with their pod security levels',
  settings: z.strictObject({}),
  derived: z.strictObject({demo: described(z.boolean().default(true), 'Whether the demo workload runs')}),
  derive: ({cluster}) => ({demo: cluster.demo}),
  images: {},
  objects: ({value}) => [namespace('observability'), when(value.demo, namespace('demo'))],
})

/** Agents read the node and the demo listens on it: both need what only the privileged level allows. */
function namespace(name: string): KubernetesObject {
  const {labels} = metadata('namespaces')
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name,
      labels: {...labels, ...podSecurityLabels('privileged')},
      // A namespace that goes takes everything in it along.
      annotations: {'helm.sh/resource-policy': 'keep'},
    },
  }
}
