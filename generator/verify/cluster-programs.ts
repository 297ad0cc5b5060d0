import type {Tool} from './tools.ts'

const kubernetes = {
  module: 'k8s.io/kubernetes',
  version: 'v1.37.2',
  versionVariable: 'k8s.io/component-base/version.gitVersion',
} as const

/** The version that the two controllers name lacks the parts that newer releases of it moved apart. */
const digest = 'v1.0.1-0.20231025023718-d50d2fec9c98'
const replace = {
  'github.com/opencontainers/go-digest': digest,
  'github.com/opencontainers/go-digest/blake3': digest.replace('v1.0.1-0.', 'v0.0.0-'),
}

/**
 * The programs of a cluster and of what reconciles it. Kubernetes 1.36, which k3s is pinned to, is no module that
 * resolves; Argo CD after 3.2 is none either.
 */
export const clusterPrograms = {
  etcd: {name: 'etcd', module: 'go.etcd.io/etcd/server/v3', package: 'go.etcd.io/etcd/server/v3', version: 'v3.7.3'},
  apiServer: {...kubernetes, name: 'kube-apiserver', package: 'k8s.io/kubernetes/cmd/kube-apiserver'},
  controllerManager: {
    ...kubernetes,
    name: 'kube-controller-manager',
    package: 'k8s.io/kubernetes/cmd/kube-controller-manager',
  },
  scheduler: {...kubernetes, name: 'kube-scheduler', package: 'k8s.io/kubernetes/cmd/kube-scheduler'},
  kwok: {name: 'kwok', module: 'sigs.k8s.io/kwok', package: 'sigs.k8s.io/kwok/cmd/kwok', version: 'v0.8.0'},
  sourceController: {
    name: 'source-controller',
    module: 'github.com/fluxcd/source-controller',
    package: 'github.com/fluxcd/source-controller',
    version: 'v1.9.2',
    replace,
  },
  kustomizeController: {
    name: 'kustomize-controller',
    module: 'github.com/fluxcd/kustomize-controller',
    package: 'github.com/fluxcd/kustomize-controller',
    version: 'v1.9.5',
    replace,
  },
  helmController: {
    name: 'helm-controller',
    module: 'github.com/fluxcd/helm-controller',
    package: 'github.com/fluxcd/helm-controller',
    version: 'v1.6.2',
  },
  argoCd: {
    name: 'argocd',
    module: 'github.com/argoproj/argo-cd/v3',
    package: 'github.com/argoproj/argo-cd/v3/cmd',
    version: 'v3.2.0',
  },
} as const satisfies Record<string, Tool>
