import {z} from 'zod'
import {defineComponent, type KubernetesObject} from '../../component.ts'
import {addressRange, described} from '../../environment/fields.ts'
import {metadata} from '../kubernetes.ts'

// MetalLB reads its resources in its own namespace only.
const namespace = 'cloud-operators'

export default defineComponent({
  name: 'address-pool',
  summary: 'The addresses that MetalLB may give to Services, announced on layer 2',
  enabled: ({environment}) => environment.cloud.loadBalancer.mode === 'metallb',
  settings: z.strictObject({}),
  derived: z.strictObject({
    addresses: described(z.array(addressRange).min(1).default(['192.0.2.10/32']), 'Ranges or networks of the pool'),
  }),
  derive: ({environment: {cloud}}) => ({
    addresses: cloud.loadBalancer.mode === 'metallb' ? cloud.loadBalancer.addresses : [],
  }),
  images: {},
  objects: ({value}): KubernetesObject[] => [
    {
      apiVersion: 'metallb.io/v1beta1',
      kind: 'IPAddressPool',
      metadata: {...metadata('address-pool', 'ingress'), namespace},
      spec: {addresses: value.addresses},
    } as KubernetesObject,
    {
      apiVersion: 'metallb.io/v1beta1',
      kind: 'L2Advertisement',
      metadata: {...metadata('address-pool', 'ingress'), namespace},
      spec: {ipAddressPools: ['ingress']},
    } as KubernetesObject,
  ],
})
