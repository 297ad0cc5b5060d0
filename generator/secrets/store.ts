import {mkdirSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'

/** A file of encrypted Secrets or public keys to be written; without content it is to go. */
export interface StoredFile {
  path: string
  content: string | undefined
}

/** Writes all files aside first, then puts each in its place in one step: a kill leaves every file old or new. */
export function storeFiles(root: string, staging: string, files: readonly StoredFile[]): void {
  const staged = files.map(({path, content}, index) => {
    const temporary = join(staging, `sealed-${index}`)
    if (content !== undefined) writeFileSync(temporary, content)
    return {target: join(root, path), temporary, isGone: content === undefined}
  })
  for (const {target, isGone} of staged) if (!isGone) mkdirSync(dirname(target), {recursive: true})
  for (const {target, temporary, isGone} of staged) {
    if (isGone) rmSync(target, {force: true})
    else renameSync(temporary, target)
  }
}
