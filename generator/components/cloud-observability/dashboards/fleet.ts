import {chartPanel, dashboard, logCountPanel, tablePanel, tagVariable} from './panels.ts'

const lastContact =
  'SELECT last("gauge") AS "memory used MB" FROM "netdata" ' +
  `WHERE "chart" = 'system.ram' AND "dimension" = 'used' AND $timeFilter GROUP BY "cluster", "node"`

/** All clusters at a glance: who sends, who is busy, who is silent. */
export const fleetDashboard = dashboard({
  uid: 'smarter-fleet',
  title: 'SMARTER fleet',
  variables: [tagVariable('cluster'), tagVariable('node', ' WHERE "cluster" =~ /^$cluster$/')],
  panels: [
    tablePanel({title: 'Last measurement of each node', query: lastContact, place: {x: 0, y: 0, w: 24, h: 8}}),
    chartPanel({
      title: 'Processor in use',
      chart: 'system\\.cpu',
      dimensions: '^(user|system|iowait|softirq|irq|nice|steal)$',
      unit: 'percent',
      by: ['cluster', 'node'],
      total: true,
      place: {x: 0, y: 8, w: 12, h: 9},
    }),
    chartPanel({
      title: 'Memory in use',
      chart: 'system\\.ram',
      dimensions: '^used$',
      unit: 'decmbytes',
      by: ['cluster', 'node'],
      place: {x: 12, y: 8, w: 12, h: 9},
    }),
    logCountPanel({
      title: 'Log lines by cluster',
      query: '*',
      field: 'cluster.keyword',
      place: {x: 0, y: 17, w: 24, h: 8},
    }),
  ],
})
