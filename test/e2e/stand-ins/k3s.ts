import type {KubernetesObject} from '../../../generator/component.ts'
import type {Api, LiveObject} from '../harness/api.ts'

// A stand-in for what k3s brings and what cannot run without machines: its storage.

const provisioner = 'rancher.io/local-path'

/** The StorageClass that k3s installs. */
export const localPath = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: {name: 'local-path', annotations: {'storageclass.kubernetes.io/is-default-class': 'true'}},
  provisioner,
  volumeBindingMode: 'WaitForFirstConsumer',
  reclaimPolicy: 'Delete',
} as KubernetesObject

/** Gives a volume to every claim whose pod has been given a node. */
export async function provisionVolumes(api: Api): Promise<void> {
  for (const claim of await api.list('v1', 'PersistentVolumeClaim')) {
    const node = claim.metadata.annotations?.['volume.kubernetes.io/selected-node']
    if (claim.status?.phase === 'Pending' && node) await api.apply(volumeFor(claim, node), {manager: 'local-path'})
  }
}

function volumeFor({metadata, spec}: LiveObject, node: string): KubernetesObject {
  const {accessModes, resources} = spec as {accessModes: string[]; resources: {requests: {storage: string}}}
  const name = `pvc-${metadata.uid}`
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {name, annotations: {'pv.kubernetes.io/provisioned-by': provisioner}},
    spec: {
      accessModes,
      capacity: {storage: resources.requests.storage},
      claimRef: {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        name: metadata.name,
        namespace: metadata.namespace,
        uid: metadata.uid,
      },
      hostPath: {path: `/var/lib/rancher/k3s/storage/${name}`, type: 'DirectoryOrCreate'},
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [{matchExpressions: [{key: 'kubernetes.io/hostname', operator: 'In', values: [node]}]}],
        },
      },
      persistentVolumeReclaimPolicy: 'Delete',
      storageClassName: 'local-path',
    },
  } as unknown as KubernetesObject
}
