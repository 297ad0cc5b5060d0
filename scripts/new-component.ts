import {existsSync, readFileSync, writeFileSync} from 'node:fs'
import {join, resolve} from 'node:path'
import {layers} from '../generator/component.ts'
import {dnsLabel} from '../generator/environment/fields.ts'

// Writes a component with one Deployment, and its lines in the list: npm run new:component -- LAYER NAME

const root = resolve(import.meta.dirname, '..')
const listFile = join(root, 'generator/components/index.ts')

const [layer = '', name = ''] = process.argv.slice(2)
process.exitCode = main()

function main(): number {
  const file = join(root, 'generator/components', layer, `${name}.ts`)
  const problem = problemOf(file)
  if (problem) {
    process.stderr.write(`${problem}\n\nUsage: npm run new:component -- LAYER NAME\n`)
    return 2
  }
  writeFileSync(file, componentSource())
  writeFileSync(listFile, withEntry(readFileSync(listFile, 'utf8')))
  process.stdout.write(`Wrote generator/components/${layer}/${name}.ts and its lines in index.ts\n`)
  process.stdout.write('Next: fill it in, npm run render, npm test, commit\n')
  return 0
}

function problemOf(file: string): string | undefined {
  if (!layers.some((known) => known === layer)) return `Cannot use layer "${layer}": write one of ${layers.join(', ')}`
  if (!dnsLabel.safeParse(name).success) return `Cannot use name "${name}": write lower-case letters, digits and "-"`
  return existsSync(file) ? `Cannot write ${file}: it exists` : undefined
}

function identifier(): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())
}

function withEntry(list: string): string {
  const imported = `import ${identifier()} from './${layer}/${name}.ts'\n`
  const withImport = list.replace(/\n\n\/\*\* Everything/, `\n${imported}\n/** Everything`)
  return withImport.replace(
    new RegExp(`(layer: '${layer}',[\\s\\S]*?components: \\[[^\\]]*)\\]`),
    `$1, ${identifier()}]`,
  )
}

function componentSource(): string {
  return `import {z} from 'zod'
import {defineComponent, nothingDerived} from '../../component.ts'
import {described, type Resources, resources} from '../../environment/fields.ts'
import {lockedContainer, lockedPod} from '../kubernetes.ts'
import {deployment} from '../workloads.ts'

const name = '${name}'

export default defineComponent({
  name,
  summary: 'What it is, and what it does here',
  settings: z.strictObject({
    replicas: described(z.int().min(1).max(10).default(1), 'Number of pods', 2),
    resources: resources({cpu: '50m', memory: '64Mi'}),
  }),
  ...nothingDerived,
  images: {
    '${name}': {reference: 'registry.example.com/${name}:1.0.0', architectures: ['amd64', 'arm64', 'arm']},
  },
  objects: ({value, images}) => [
    deployment(name, {replicas: value.replicas, pod: pod(images['${name}'], value.resources)}),
  ],
})

function pod(image: string, resources: Resources) {
  return {
    automountServiceAccountToken: false,
    securityContext: lockedPod(10001),
    containers: [{name, image, imagePullPolicy: 'IfNotPresent' as const, resources, securityContext: lockedContainer}],
  }
}
`
}
