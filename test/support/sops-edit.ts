import {chmodSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {run} from '../../generator/verify/run.ts'
import {requireTool, tools} from '../../generator/verify/tools.ts'
import {root} from './paths.ts'
import type {SecretsRepository} from './secrets.ts'

/** Adds a Secret as a person does: the real `sops edit`, with an editor that appends it. */
export async function addSecret(
  repository: SecretsRepository,
  path: string,
  {namespace, name, key, value}: {namespace: string; name: string; key: string; value: string},
): Promise<void> {
  const text = [
    '---',
    'apiVersion: v1',
    'kind: Secret',
    `metadata: {name: ${name}, namespace: ${namespace}, labels: {mine: 'yes'}}`,
    'type: example.com/mine',
    'data: {old: b2Y=}',
    `stringData: {${key}: ${value}}`,
    '',
  ].join('\n')
  await editWith(repository, path, `cat >> "$1" << 'END'\n${text}END\n`)
}

/** Changes a file with the real `sops edit`; `script` is the editor, in shell, with the decrypted file as $1. */
export async function editWith(repository: SecretsRepository, path: string, script: string): Promise<void> {
  const editor = join(repository.folder, '.secrets/editor.sh')
  writeFileSync(editor, `#!/bin/sh\n${script}`)
  chmodSync(editor, 0o700)
  const env = {EDITOR: editor, SOPS_AGE_KEY_FILE: repository.keyFile('alice')}
  const {exitCode, stderr} = await run(await requireTool(root, tools.sops), ['edit', join(repository.folder, path)], {
    env,
  })
  if (exitCode !== 0) throw new Error(stderr)
}
