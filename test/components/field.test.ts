import test from 'ava'
import type {KubernetesObject} from '../../generator/component.ts'
import {layerDefinitions} from '../../generator/components/index.ts'
import {flux} from '../../generator/gitops/flux.ts'
import {releasesOf} from '../../generator/gitops/releases.ts'
import {objectsOf} from '../../generator/model/objects.ts'
import {orderLayers} from '../../generator/model/order.ts'
import {defaultValuesOf} from '../../generator/model/values.ts'
import {ownComponents} from '../support/charts.ts'
import {component, siteOf} from '../support/environment.ts'

// What breaks in the field and no schema finds.

const objects = (name: string): KubernetesObject[] => {
  const found = ownComponents.find((each) => each.component.name === name)
  return found ? objectsOf(found.component, defaultValuesOf(found.component)) : []
}
const text = (name: string) => JSON.stringify(objects(name))

test('Netdata’s dashboard takes plain HTTP from the ingress, and redirects it nowhere', (t) => {
  t.regex(text('netdata-parent'), /=dashboard\|registry\|badges\^SSL=optional/)
})

test('the daemon of Netdata, which is no longer root, can read what is mounted for it', (t) => {
  for (const name of ['netdata-parent', 'netdata-child']) t.regex(text(name), /"fsGroup":201/, name)
})

test('Netdata logs to the container, not into a volume', (t) => {
  for (const name of ['netdata-parent', 'netdata-child']) t.regex(text(name), /\[logs\]\\n {4}daemon = stderr/, name)
})

test('Netdata starts again when a key or certificate that it read at its start has changed', (t) => {
  t.regex(text('netdata-parent'), /cat \/keys\/\* \/server\/tls\.crt .*sha256sum/)
  t.regex(text('netdata-child'), /cat \/identity\/api-key \/authority\/ca\.crt .*sha256sum/)
})

test('a node without power holds up no update of the others', (t) => {
  for (const {layer, component: each} of ownComponents.filter(({layer}) => layer.startsWith('edge-'))) {
    for (const object of objects(each.name).filter(({kind}) => kind === 'DaemonSet')) {
      t.like(object, {spec: {updateStrategy: {rollingUpdate: {maxUnavailable: '100%'}}}}, `${layer} ${each.name}`)
    }
  }
})

test('releases are tried for ever, and at the edge they wait for no pod', (t) => {
  const {cloud, edges} = siteOf()
  for (const site of [cloud, ...edges]) {
    const order = orderLayers(layerDefinitions, site.cluster.role)
    const releases = flux
      .render(site, releasesOf(site, layerDefinitions, order))
      .filter(({content}) => content.includes('kind: HelmRelease'))
    for (const {path, content} of releases) {
      t.is(content.match(/name: RetryOnFailure/g)?.length, 2, path)
      t.is(content.includes('disableWait: true'), site.cluster.role === 'edge', path)
    }
  }
})

test('pages are served on the HTTPS port only, and challenges of ACME on the HTTP port', (t) => {
  const ports = defaultValuesOf(component('traefik')).ports
  t.like(ports, {websecure: {asDefault: true}, web: {http: {redirections: {entryPoint: {priority: 1}}}}})
  const issuer = ownComponents.find((each) => each.component.name === 'cluster-issuer')?.component
  const acme = issuer && objectsOf(issuer, {...defaultValuesOf(issuer), issuer: 'acme'})
  t.regex(JSON.stringify(acme), /"traefik\.ingress\.kubernetes\.io\/router\.entrypoints":"web"/)
})

test('nothing between the edge and Elasticsearch acknowledges what is only in memory', (t) => {
  for (const name of ['otel-gateway', 'jaeger'])
    t.notRegex(text(name), /\bbatch\b|sending_queue:\\n\s+enabled: true/, name)
})

test('smarter-cni puts its plugins where containerd of k3s looks', (t) => {
  t.regex(text('smarter-cni'), /\{"name":"DEST_DIR","value":"\/opt\/cni\/bin"\}/)
})

test('Fluent Bit does not read its own log', (t) => {
  t.regex(text('fluent-bit'), /exclude_path: \\"\/var\/log\/containers\/fluent-bit-/)
})
