import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import test from 'ava'
import {parseAllDocuments} from 'yaml'
import {chartFolder, hasUpstreamData, upstreamComponents} from '../support/upstream.ts'

for (const {chart, apiGroups, webhooks = []} of upstreamComponents.filter((each) => each.apiGroups.length > 0)) {
  test(`chart ${chart.name} ${chart.version} defines the API groups by which releases are ordered`, (t) => {
    if (!hasUpstreamData(t)) return
    const defined = groupsOf(chart)
    t.deepEqual(
      [...apiGroups, ...webhooks].filter((group) => !defined.has(group)),
      [],
    )
  })
}

/** Groups of the custom resources of a chart, or of the chart that it keeps them in. */
function groupsOf({name, version}: {name: string; version: string}): Set<string> {
  const files = [name, `${name}-crds`].map((each) => join(chartFolder({name: each, version}), 'crds.yaml'))
  const texts = files.filter((file) => existsSync(file)).map((file) => readFileSync(file, 'utf8'))
  const definitions = texts.flatMap((text) => parseAllDocuments(text).map((document) => document.toJS()))
  return new Set(definitions.flatMap((definition) => definition?.spec?.group ?? []))
}
