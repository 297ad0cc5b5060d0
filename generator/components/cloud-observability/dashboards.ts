import {z} from 'zod'
import {defineComponent, nothingDerived} from '../../component.ts'
import {configMap} from '../kubernetes.ts'
import {fleetDashboard} from './dashboards/fleet.ts'
import {logsDashboard} from './dashboards/logs.ts'
import {nodeDashboard} from './dashboards/node.ts'

const name = 'dashboards'
export const dashboardConfigMap = 'grafana-dashboards'

export default defineComponent({
  name,
  summary: 'Grafana dashboards: the fleet, one node with its logs beside it, and logs of all clusters',
  notes: 'Written for these metrics; they stand for dashboard 2701, which was imported by hand and knows no clusters.',
  settings: z.strictObject({}),
  ...nothingDerived,
  images: {},
  objects: () => [
    configMap(
      name,
      {
        'fleet.json': `${JSON.stringify(fleetDashboard, null, 2)}\n`,
        'node.json': `${JSON.stringify(nodeDashboard, null, 2)}\n`,
        'logs.json': `${JSON.stringify(logsDashboard, null, 2)}\n`,
      },
      dashboardConfigMap,
    ),
  ],
})
