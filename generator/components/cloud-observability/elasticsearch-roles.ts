import {edgeUser, type ServiceUser} from '../../secret.ts'

interface Role {
  cluster?: readonly string[]
  indices?: readonly {names: readonly string[]; privileges: readonly string[]}[]
}

/** Programs of the cloud that log in; Kibana is not among them, because ECK makes its user. */
export const serviceUsers: readonly ServiceUser[] = [
  {name: 'grafana', secret: 'grafana-elasticsearch', role: 'grafana'},
  {name: 'jaeger', secret: 'jaeger-elasticsearch', role: 'jaeger'},
  {name: 'retention', secret: 'elasticsearch-retention', role: 'retention'},
]

/** What a person may do: everything in Kibana, reading of logs and traces, and a look at the state of the cluster. */
export const operatorRoles = ['kibana_admin', 'operator', 'monitoring_user'] as const

/** Privileges by elastic.co/docs/reference/elasticsearch/security-privileges. */
const roles: Readonly<Record<string, Role>> = {
  operator: {
    cluster: ['monitor'],
    indices: [{names: ['logstash-*', 'jaeger-*'], privileges: ['read', 'view_index_metadata', 'monitor']}],
  },
  grafana: {indices: [{names: ['logstash-*'], privileges: ['read', 'view_index_metadata']}]},
  jaeger: {
    cluster: ['monitor', 'manage_index_templates'],
    indices: [{names: ['jaeger-*'], privileges: ['create_index', 'write', 'read', 'view_index_metadata']}],
  },
  retention: {
    cluster: ['manage_ilm', 'manage_index_templates'],
    indices: [{names: ['logstash-*', 'jaeger-*'], privileges: ['manage']}],
  },
}

/**
 * roles.yml of Elasticsearch: the roles above, and one for each edge cluster that may add documents to its own
 * indices, which are made when they are missing, and nothing else. The pattern spells the date out, because
 * `logstash-line-*` would be the indices of `line-1` too. A line for each role, so that a review sees who comes and goes.
 */
export function rolesFile(edgeClusters: readonly string[]): string {
  const ofEdges = edgeClusters.map((cluster): [string, Role] => [edgeUser(cluster), edgeRole(cluster)])
  return [...Object.entries(roles), ...ofEdges].map(([name, role]) => `${name}: ${JSON.stringify(role)}\n`).join('')
}

function edgeRole(cluster: string): Role {
  return {indices: [{names: [`logstash-${cluster}-????.??.??`], privileges: ['auto_configure', 'create_doc']}]}
}
