import {metricDatabase} from '../influxdb.ts'

const influxdb = {type: 'influxdb', uid: 'influxdb'}
const elasticsearch = {type: 'elasticsearch', uid: 'elasticsearch'}

/** Where a panel stands, in Grafana's grid of 24 columns. */
export interface Place {
  x: number
  y: number
  w: number
  h: number
}

/** The frame of a dashboard, by grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model. */
export function dashboard(options: {uid: string; title: string; variables: object[]; panels: object[]}): object {
  return {
    uid: options.uid,
    title: options.title,
    tags: ['smarter'],
    schemaVersion: 41,
    editable: false,
    refresh: '30s',
    time: {from: 'now-3h', to: 'now'},
    templating: {list: options.variables},
    panels: options.panels.map((panel, index) => ({id: index + 1, ...panel})),
    links: [
      {type: 'dashboards', tags: ['smarter'], asDropdown: true, title: 'SMARTER', keepTime: true, includeVars: true},
    ],
  }
}

/** A choice among the values of a tag in database opentsdb, or text that is looked up in logs. */
export function tagVariable(name: string, where = ''): object {
  const query = `SHOW TAG VALUES ON "${metricDatabase}" FROM "netdata" WITH KEY = "${name}"${where}`
  return {name, type: 'query', datasource: influxdb, query, refresh: 2, sort: 1, includeAll: true, multi: true}
}

export const chosenNodes = '"cluster" =~ /^$cluster$/ AND "node" =~ /^$node$/'

/** Lines of one chart of Netdata, averaged over the interval. */
export function chartPanel(options: {
  title: string
  chart: string
  dimensions?: string
  unit: string
  by: readonly string[]
  place: Place
  /** Dimensions added up, not side by side. */
  total?: boolean
  stack?: boolean
}): object {
  const dimensions = options.dimensions ? ` AND "dimension" =~ /${options.dimensions}/` : ''
  const tags = options.by.map((tag) => `, "${tag}"`).join('')
  const means = (alias: string, by: string) =>
    `SELECT mean("gauge")${alias} FROM "netdata" ` +
    `WHERE "chart" =~ /^${options.chart}$/ AND ${chosenNodes}${dimensions} AND $timeFilter ` +
    `GROUP BY time($__interval)${by} fill(none)`
  const added = `SELECT sum("value") FROM (${means(' AS "value"', `${tags}, "dimension"`)}) WHERE $timeFilter GROUP BY time($__interval)${tags} fill(none)`
  const query = options.total ? added : means('', tags)
  return {
    type: 'timeseries',
    title: options.title,
    datasource: influxdb,
    gridPos: options.place,
    fieldConfig: {
      defaults: {
        unit: options.unit,
        custom: {fillOpacity: 10, stacking: {mode: options.stack ? 'normal' : 'none'}, spanNulls: false},
      },
      overrides: [],
    },
    targets: [
      {
        refId: 'A',
        datasource: influxdb,
        rawQuery: true,
        query,
        alias: options.by.map((tag) => `$tag_${tag}`).join(' '),
        resultFormat: 'time_series',
      },
    ],
  }
}

/** The last value of a query per node, as a table. */
export function tablePanel(options: {title: string; query: string; place: Place}): object {
  return {
    type: 'table',
    title: options.title,
    datasource: influxdb,
    gridPos: options.place,
    targets: [{refId: 'A', datasource: influxdb, rawQuery: true, query: options.query, resultFormat: 'table'}],
  }
}

/** Log lines that match a Lucene query, newest first. */
export function logsPanel(options: {title: string; query: string; place: Place}): object {
  return {
    type: 'logs',
    title: options.title,
    datasource: elasticsearch,
    gridPos: options.place,
    options: {showTime: true, wrapLogMessage: true, sortOrder: 'Descending', enableLogDetails: true},
    targets: [
      {
        refId: 'A',
        datasource: elasticsearch,
        query: options.query,
        metrics: [{id: '1', type: 'logs', settings: {limit: '500'}}],
        timeField: '@timestamp',
      },
    ],
  }
}

/** How many log lines came in, by a field. */
export function logCountPanel(options: {title: string; query: string; field: string; place: Place}): object {
  return {
    type: 'timeseries',
    title: options.title,
    datasource: elasticsearch,
    gridPos: options.place,
    fieldConfig: {defaults: {custom: {drawStyle: 'bars', fillOpacity: 60, stacking: {mode: 'normal'}}}, overrides: []},
    targets: [
      {
        refId: 'A',
        datasource: elasticsearch,
        query: options.query,
        metrics: [{id: '1', type: 'count'}],
        bucketAggs: [
          {id: '2', type: 'terms', field: options.field, settings: {size: '10', order: 'desc', orderBy: '_count'}},
          {id: '3', type: 'date_histogram', field: '@timestamp', settings: {interval: 'auto'}},
        ],
        alias: `{{${options.field}}}`,
        timeField: '@timestamp',
      },
    ],
  }
}
