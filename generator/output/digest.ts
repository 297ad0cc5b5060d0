import {createHash} from 'node:crypto'
import type {RenderedFile} from '../rendered-file.ts'

/** One text for files: it changes with any byte, name or order of them. */
export function digestOf(files: readonly RenderedFile[]): string {
  const hash = createHash('sha256')
  for (const {path, content} of files) hash.update(`${path}\0${content}\0`)
  return hash.digest('hex')
}
