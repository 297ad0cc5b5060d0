import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import test from 'ava'
import {components} from '../generator/components/index.ts'
import {tools} from '../generator/verify/tools.ts'
import {root} from './support/paths.ts'

const elastic = 'docker.elastic.co/elasticsearch/elasticsearch'

interface Manager {
  managerFilePatterns: string[]
  matchStrings: string[]
}

/** NAME:VERSION of everything that Renovate would find. */
const {customManagers} = JSON.parse(readFileSync(join(root, 'renovate.json'), 'utf8')) as {customManagers: Manager[]}
const found = customManagers.flatMap(({managerFilePatterns, matchStrings}) => {
  const patterns = managerFilePatterns.map((pattern) => new RegExp(pattern.slice(1, -1)))
  return sourceFiles()
    .filter((file) => patterns.some((pattern) => pattern.test(file)))
    .flatMap((file) => matchStrings.flatMap((text) => matches(text, readFileSync(join(root, file), 'utf8'))))
})

test('Renovate finds the version of every chart', (t) => {
  for (const component of components) {
    if (component.kind === 'upstream')
      t.true(
        found.some((name) => name.endsWith(`${component.chart.name}:${component.chart.version}`)),
        component.name,
      )
  }
})

// Kibana takes the version of Elasticsearch.
test('Renovate finds the tag of every image that has a version', (t) => {
  const references = components.flatMap(({images}) => Object.values(images).map(({reference}) => reference))
  for (const reference of references.filter((image) => /:v?\d/.test(image) && !image.includes('kibana/kibana'))) {
    t.true(found.includes(reference), reference)
  }
})

test('Renovate finds the version of every tool', (t) => {
  for (const {module, version} of Object.values(tools)) t.true(found.includes(`${module}:${version}`), module)
})

function matches(pattern: string, content: string): string[] {
  return [...content.matchAll(new RegExp(pattern, 'g'))].map(({groups}) => {
    return `${groups?.depName ?? groups?.chart ?? elastic}:${groups?.currentValue}`
  })
}

function sourceFiles(folder = 'generator'): string[] {
  return readdirSync(join(root, folder), {withFileTypes: true}).flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    return entry.isDirectory() ? sourceFiles(path) : [path]
  })
}
