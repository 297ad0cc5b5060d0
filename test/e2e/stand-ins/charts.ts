import {cpSync, existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {run} from '../../../generator/verify/run.ts'
import {requireTool, tools} from '../../../generator/verify/tools.ts'
import {fetchPackage} from '../../../generator/verify/vendor.ts'
import {printYaml} from '../../../generator/yaml/print.ts'
import {root} from '../../support/paths.ts'
import {chartFolder, upstreamComponents} from '../../support/upstream.ts'

// Stand-ins for upstream charts where they cannot be downloaded: the same name and version, the real values, schema
// and custom resource definitions, a ConfigMap with the values that they got, and pods that run the real images under
// the security settings of those values. E2E_CHARTS names a folder or a repository of real packages to take instead.

interface Workload {
  kind: 'Deployment' | 'DaemonSet' | 'StatefulSet'
  name: string
  /** Template expressions: the map with image, resources and nodeSelector; security of the pod and of the container. */
  values: string
  podSecurity: string
  containerSecurity: string
  /** More of the pod, as the real chart has it. */
  pod?: object
}

const certManager = (name: string, values: string): Workload => ({
  kind: 'Deployment',
  name,
  values,
  podSecurity: `${values}.securityContext`,
  containerSecurity: `${values}.containerSecurityContext`,
})

const workloads: Record<string, readonly Workload[]> = {
  metallb: [
    {
      kind: 'Deployment',
      name: 'metallb-controller',
      values: '.Values.controller',
      podSecurity: '.Values.controller.securityContext',
      containerSecurity: 'dict',
    },
    {
      kind: 'DaemonSet',
      name: 'metallb-speaker',
      values: '.Values.speaker',
      podSecurity: '.Values.speaker.securityContext',
      containerSecurity: '(dict `capabilities` (dict `add` (list `NET_RAW`)))',
      pod: {hostNetwork: true},
    },
  ],
  'cert-manager': [
    certManager('cert-manager', '.Values'),
    certManager('cert-manager-webhook', '.Values.webhook'),
    certManager('cert-manager-cainjector', '.Values.cainjector'),
  ],
  'eck-operator': [
    {
      kind: 'StatefulSet',
      name: 'elastic-operator',
      values: '.Values',
      podSecurity: '.Values.podSecurityContext',
      containerSecurity: '.Values.securityContext',
    },
  ],
  traefik: [
    {
      kind: 'Deployment',
      name: 'traefik',
      values: '.Values',
      podSecurity: '.Values.podSecurityContext',
      containerSecurity: '.Values.securityContext',
    },
  ],
  grafana: [
    {
      kind: 'Deployment',
      name: 'grafana',
      values: '.Values',
      podSecurity: '.Values.securityContext',
      containerSecurity: '.Values.containerSecurityContext',
    },
  ],
}

const echo = `apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Chart.Name }}-values
  namespace: {{ .Release.Namespace }}
data:
  values: {{ toJson .Values | quote }}
`

const ingressService = `apiVersion: v1
kind: Service
metadata:
  name: traefik
  namespace: {{ .Release.Namespace }}
  annotations: {{ toJson .Values.service.annotations }}
spec:
  {{- toYaml .Values.service.spec | nindent 2 }}
  selector: {app: traefik}
  ports:
    {{- range $name, $port := .Values.ports }}
    {{- if dig "expose" "default" false $port }}
    - {name: {{ $name }}, port: {{ $port.exposedPort | default $port.port }}, targetPort: {{ $port.port }}}
    {{- end }}
    {{- end }}
`

/** As the operators' charts have them; the authority is filled in by the operator at run time. */
const webhook = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata:
  name: {{ .Chart.Name }}-webhook
webhooks:
  - name: check.{{ .Chart.Name }}.example.com
    admissionReviewVersions: [v1]
    sideEffects: None
    failurePolicy: Fail
    clientConfig:
      {{- with dig "webhook" "caBundle" "" .Values.AsMap }}
      caBundle: {{ . }}
      {{- end }}
      service: {name: {{ .Chart.Name }}, namespace: {{ .Release.Namespace }}, path: /}
    rules: []
`

/** Packages of all upstream charts in a folder: real ones where E2E_CHARTS says where they are, stand-ins otherwise. */
export async function packageUpstreamCharts(folder: string, realCharts = process.env.E2E_CHARTS): Promise<void> {
  mkdirSync(folder, {recursive: true})
  const helm = await requireTool(root, tools.helm)
  for (const component of upstreamComponents) {
    if (realCharts) await fetchPackage(helm, component, folder, realCharts)
    else await packageStandIn(component.chart, folder)
  }
}

async function packageStandIn(chart: {name: string; version: string}, destination: string): Promise<void> {
  const folder = join(destination, 'sources', chart.name)
  const data = chartFolder(chart)
  if (!existsSync(data))
    throw new Error(`Cannot stand in for ${chart.name} ${chart.version}: run npm run upstream first`)
  mkdirSync(join(folder, 'templates'), {recursive: true})
  const description = 'Stand-in for tests'
  writeFileSync(join(folder, 'Chart.yaml'), printYaml({apiVersion: 'v2', ...chart, description}))
  for (const name of ['values.yaml', 'values.schema.json']) {
    if (existsSync(join(data, name))) cpSync(join(data, name), join(folder, name))
  }
  for (const [name, content] of Object.entries(templatesOf(chart.name))) {
    writeFileSync(join(folder, 'templates', name), content)
  }
  writeDefinitions(chart, folder)
  const {exitCode, stderr} = await run(await requireTool(root, tools.helm), ['package', folder, '-d', destination])
  if (exitCode !== 0) throw new Error(stderr)
}

function templatesOf(name: string): Record<string, string> {
  return {
    'echo.yaml': echo,
    ...Object.fromEntries((workloads[name] ?? []).map((workload) => [`${workload.name}.yaml`, template(workload)])),
    ...(name === 'traefik' ? {'service.yaml': ingressService} : {}),
    ...(['metallb', 'cert-manager', 'eck-operator'].includes(name) ? {'webhook.yaml': webhook} : {}),
  }
}

/** Traefik keeps its definitions in crds/, the others among their templates. */
function writeDefinitions({name, version}: {name: string; version: string}, folder: string): void {
  const sources = [chartFolder({name, version}), chartFolder({name: `${name}-crds`, version})]
  const definitions = sources.map((source) => join(source, 'crds.yaml')).filter((path) => existsSync(path))
  if (definitions.length === 0) return
  const content = definitions.map((path) => readFileSync(path, 'utf8')).join('\n---\n')
  if (name === 'traefik') {
    mkdirSync(join(folder, 'crds'))
    writeFileSync(join(folder, 'crds', 'crds.yaml'), content)
    return
  }
  writeFileSync(join(folder, 'crds.yaml'), content)
  writeFileSync(join(folder, 'templates', 'crds.yaml'), '{{ .Files.Get "crds.yaml" }}\n')
}

function template({kind, name, values, podSecurity, containerSecurity, pod = {}}: Workload): string {
  const labels = {app: name}
  const extra = kind === 'StatefulSet' ? {serviceName: name} : {}
  const object = {
    apiVersion: 'apps/v1',
    kind,
    metadata: {name, namespace: '{{ .Release.Namespace }}'},
    spec: {
      ...extra,
      selector: {matchLabels: labels},
      template: {
        metadata: {labels},
        spec: {
          ...pod,
          securityContext: `@{{ ${podSecurity} | default dict | toJson }}@`,
          nodeSelector: `@{{ ${values}.nodeSelector | default dict | toJson }}@`,
          containers: [
            {
              name,
              image: `{{ with ${values}.image }}{{ with .registry }}{{ . }}/{{ end }}{{ .repository }}:{{ .tag }}{{ end }}`,
              resources: `@{{ ${values}.resources | default dict | toJson }}@`,
              securityContext: `@{{ ${containerSecurity} | default dict | toJson }}@`,
            },
          ],
        },
      },
    },
  }
  return JSON.stringify(object, null, 2).replaceAll('"@', '').replaceAll('@"', '')
}
