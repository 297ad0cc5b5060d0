// One measured render in a process of its own; prints its figures as JSON. Run by bench.ts.

const started = performance.now()
const {layerDefinitions} = await import('../generator/components/index.ts')
const {renderRepository} = await import('../generator/pipeline.ts')
const {writeFiles} = await import('../generator/output/write.ts')
const {objectsOf} = await import('../generator/model/objects.ts')
const {sitesOf} = await import('../generator/model/sites.ts')
const {isEnabled, valuesOf} = await import('../generator/model/values.ts')
const {layersOf} = await import('../generator/values/values.ts')
const {findEnvironments} = await import('../generator/environment/find.ts')
const {readEnvironment} = await import('../generator/environment/read.ts')
const loaded = performance.now()

const [root = '.', mode = 'render'] = process.argv.slice(2)

function renderAndWrite() {
  const {files} = renderRepository(root, layerDefinitions)
  const rendered = performance.now()
  const {changed} = writeFiles(root, files, () => {})
  const written = performance.now()
  return {files: files.length, changed: changed.length, render: rendered - loaded, write: written - rendered}
}

/** Every object of every cluster as it will be, from own charts. */
function hydrate() {
  const sites = findEnvironments(root, []).flatMap((file) => {
    const read = readEnvironment(file, layerDefinitions, [])
    return read ? sitesOf(read.environment, layerDefinitions) : []
  })
  const began = performance.now()
  let objects = 0
  for (const site of sites) {
    for (const component of layersOf(site, layerDefinitions).flatMap(({components}) => components)) {
      if (component.kind !== 'own' || !isEnabled(component, site)) continue
      objects += objectsOf(component, valuesOf(component, site)).length
    }
  }
  return {objects, hydrate: performance.now() - began}
}

/** All gates over what is rendered there. */
async function verify() {
  const {command} = await import('../generator/commands/verify.ts')
  const began = performance.now()
  const input = {root, argument: '', options: {format: 'json'}, progress: () => {}}
  const {text = '{}'} = await command.run(input)
  const {counts, issues} = JSON.parse(text)
  return {...counts, findings: issues.length, verify: performance.now() - began}
}

const modes = {render: renderAndWrite, hydrate, verify}
const figures = await modes[mode as keyof typeof modes]()
const peak = process.resourceUsage().maxRSS / 1024
process.stdout.write(`${JSON.stringify({load: loaded - started, peak, ...figures})}\n`)
