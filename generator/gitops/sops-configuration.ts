import type {Site} from '../component.ts'
import {sealedPaths, secretKeys} from '../environment/sealed.ts'
import {type RenderedFile, yamlBanner} from '../rendered-file.ts'
import {printYaml} from '../yaml/print.ts'

/** .sops.yaml: for whom `sops` encrypts each file (getsops.io/docs, "Using .sops.yaml conf"); none without Secrets. */
export function sopsConfiguration(sites: readonly Site[]): RenderedFile[] {
  const rules = sites.flatMap(({environment, cluster, sealed}) => {
    if (!sealed) return []
    const operators = environment.secrets?.operators.map(({recipient}) => recipient) ?? []
    const path = sealedPaths(environment.name, cluster.name).secrets
    return [
      {
        path_regex: `^(.*/)?${path.replaceAll('.', '\\.')}$`,
        encrypted_regex: secretKeys,
        age: [...operators, sealed.recipient].join(','),
      },
    ]
  })
  if (rules.length === 0) return []
  const content = yamlBanner('environments/*/environment.yaml') + printYaml({creation_rules: rules})
  return [{path: '.sops.yaml', content}]
}
