import {dashboard, logCountPanel, logsPanel, tagVariable} from './panels.ts'

/** Logs of all clusters, by pod, and those that look like errors. */
export const logsDashboard = dashboard({
  uid: 'smarter-logs',
  title: 'SMARTER logs',
  variables: [tagVariable('cluster'), {name: 'search', type: 'textbox', query: '*', label: 'Lucene query'}],
  panels: [
    logCountPanel({
      title: 'Lines by pod',
      query: 'cluster:$cluster AND $search',
      field: 'kubernetes.pod_name.keyword',
      place: {x: 0, y: 0, w: 12, h: 9},
    }),
    logCountPanel({
      title: 'Lines that look like errors, by pod',
      query: 'cluster:$cluster AND log:(error OR fatal OR panic OR exception)',
      field: 'kubernetes.pod_name.keyword',
      place: {x: 12, y: 0, w: 12, h: 9},
    }),
    logsPanel({title: 'Lines', query: 'cluster:$cluster AND $search', place: {x: 0, y: 9, w: 24, h: 18}}),
  ],
})
