import {chartPanel, dashboard, logsPanel, tagVariable} from './panels.ts'

/** One node: what it does, and what it says at the same time. */
export const nodeDashboard = dashboard({
  uid: 'smarter-node',
  title: 'SMARTER node',
  variables: [tagVariable('cluster'), tagVariable('node', ' WHERE "cluster" =~ /^$cluster$/')],
  panels: [
    chartPanel({
      title: 'Processor',
      chart: 'system\\.cpu',
      unit: 'percent',
      by: ['node', 'dimension'],
      place: {x: 0, y: 0, w: 12, h: 8},
      stack: true,
    }),
    chartPanel({
      title: 'Memory',
      chart: 'system\\.ram',
      unit: 'decmbytes',
      by: ['node', 'dimension'],
      place: {x: 12, y: 0, w: 12, h: 8},
      stack: true,
    }),
    chartPanel({
      title: 'Network of the node',
      chart: 'system\\.net',
      unit: 'Kbits',
      by: ['node', 'dimension'],
      place: {x: 0, y: 8, w: 12, h: 8},
    }),
    chartPanel({
      title: 'Disk space of the root file system',
      // Netdata writes every sign but letters, digits and dots as "_": the root file system is "_".
      chart: 'disk_space\\._',
      unit: 'decgbytes',
      by: ['node', 'dimension'],
      place: {x: 12, y: 8, w: 12, h: 8},
      stack: true,
    }),
    chartPanel({
      title: 'Processor of containers',
      chart: 'cgroup_.*\\.cpu',
      unit: 'percent',
      by: ['chart'],
      total: true,
      place: {x: 0, y: 16, w: 12, h: 8},
    }),
    chartPanel({
      title: 'Memory of containers',
      chart: 'cgroup_.*\\.mem_usage',
      dimensions: '^ram$',
      unit: 'decmbytes',
      by: ['chart'],
      place: {x: 12, y: 16, w: 12, h: 8},
    }),
    logsPanel({title: 'Logs', query: 'kubernetes.host:$node', place: {x: 0, y: 24, w: 24, h: 12}}),
  ],
})
