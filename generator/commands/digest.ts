import {layerDefinitions} from '../components/index.ts'
import {digestOf} from '../output/digest.ts'
import {renderRepository} from '../pipeline.ts'
import type {Command} from './command.ts'

export const command: Command = {
  help: `Usage: node generator/cli.ts digest [--root FOLDER]

Renders in memory and prints one digest of it all: the same on every machine, in every time zone, language and folder.

Options:
  --root FOLDER  the repository; default: this one
  --help         this text`,
  options: {},
  run({root, progress}) {
    progress('Rendering')
    const {files, issues} = renderRepository(root, layerDefinitions)
    return {issues, text: digestOf(files), outcome: ''}
  },
}
