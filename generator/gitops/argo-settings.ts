import type {IConfigMap} from 'kubernetes-models/v1'
import type {Site} from '../component.ts'
import {intervalsOf} from './intervals.ts'

export const argoNamespace = 'argocd'

/**
 * A wave of Applications waits for the one before only if Argo CD is told what health an Application has
 * (docs/operator-manual/health.md, "argocd-app"). At the edge it is enough that everything is applied: a wait for
 * every pod would last as long as one node is without power.
 */
const applicationHealth = `local health = {status = "Progressing", message = "not applied yet"}
local status = obj.status
if status == nil or status.sync == nil or status.sync.status ~= "Synced" then
  return health
end
local labels = obj.metadata.labels
if labels ~= nil and labels["app.kubernetes.io/component"] == "edge" then
  return {status = "Healthy", message = "applied"}
end
if status.health ~= nil and status.health.status ~= nil then
  health.status = status.health.status
  health.message = status.health.message or ""
end
return health
`

/** Secrets that do not arrive hold up nothing: what needs them waits for them itself. */
const decryptionHealth = `local message = ""
for _, condition in ipairs(obj.status ~= nil and obj.status.conditions or {}) do
  if condition.type == "Ready" then
    message = condition.message or ""
  end
end
return {status = "Healthy", message = message}
`

/** The keys of Argo CD's own settings that the rendered objects count on; other keys are left alone. */
export function argoSettings(site: Site, wave: number): IConfigMap {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: 'argocd-cm',
      namespace: argoNamespace,
      labels: {'app.kubernetes.io/name': 'argocd-cm', 'app.kubernetes.io/part-of': 'argocd'},
      annotations: {
        'argocd.argoproj.io/sync-wave': String(wave),
        // It belongs to the installation of Argo CD, which must not lose it.
        'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false,ServerSideApply=true',
      },
    },
    data: {
      // Read when the controllers start.
      'timeout.reconciliation': intervalsOf(site).source,
      'resource.customizations.health.argoproj.io_Application': applicationHealth,
      ...(site.environment.secrets
        ? {
            'resource.customizations.health.kustomize.toolkit.fluxcd.io_Kustomization': decryptionHealth,
            'resource.customizations.health.source.toolkit.fluxcd.io_GitRepository': decryptionHealth,
          }
        : {}),
    },
  }
}
