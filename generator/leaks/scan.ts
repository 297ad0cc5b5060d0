import {lintSource} from '@secretlint/core'
import {creator as preset} from '@secretlint/secretlint-rule-preset-recommend'
import {isCredentialName} from '../issue/hide-secrets.ts'
import type {Issue} from '../issue/issue.ts'
import {patterns} from './patterns.ts'
import {isClear, type YamlLeak, yamlLeaks} from './yaml-leaks.ts'

interface Place {
  line: number
  column: number
}

/** At the end of a line: what looks like a secret there is none, for the reason that follows. */
const waiver = /# not a secret: \S/

/**
 * What of a file must not reach Git, by place and kind. No issue shows any of the text: it is printed in CI, where a
 * secret would be read by more people than in the file.
 */
export async function scanText(path: string, text: string): Promise<Issue[]> {
  const lines = text.split('\n')
  const found = [...patternIssues(path, text), ...(await vendorIssues(path, text)), ...structureIssues(path, text)]
  return found
    .filter(({line = 0}) => !waiver.test(lines[line - 1] ?? ''))
    .filter((issue, index, all) => all.findIndex(({line}) => line === issue.line) === index)
}

function patternIssues(path: string, text: string): Issue[] {
  return patterns.flatMap(({what, pattern, fix}) =>
    [...text.matchAll(pattern)].map(({index}) => leak(path, placeOf(text, index), `Cannot commit ${what}`, fix)),
  )
}

/** The rules of secretlint: tokens of many vendors, passwords in URLs. */
async function vendorIssues(path: string, content: string): Promise<Issue[]> {
  const ext = path.slice(path.lastIndexOf('.'))
  const {messages} = await lintSource({
    source: {filePath: path, content, ext, contentType: 'text'},
    options: {config: {rules: [{id: 'preset', rule: preset}]}},
  })
  return messages.map(({ruleId, loc}) => {
    const rule = ruleId.replace(/^@secretlint\/secretlint-rule-/, '')
    const place = {line: loc.start.line, column: loc.start.column + 1}
    return leak(path, place, `Cannot commit what looks like a secret (secretlint rule ${rule})`, rotateFix)
  })
}

const rotateFix =
  'take it out, and have whoever issued it replace it; if it is none, write # not a secret: REASON after it'

/** By YAML and JSON; lines of settings, and YAML that cannot be read, by line. Templates of Helm are no YAML. */
function structureIssues(path: string, text: string): Issue[] {
  if (/\.(ya?ml|json)$/.test(path) && !/\/templates\//.test(path)) {
    const leaks = yamlLeaks(text)
    if (leaks) return leakIssues(path, leaks)
    const secret = /^[ \t-]*["']?kind["']?: *["']?Secret\b/m.exec(text)
    return [...(secret ? [unreadableSecret(path, placeOf(text, secret.index))] : []), ...lineIssues(path, text)]
  }
  return /(^|\/)\.env|\.(env|ini|toml|properties|conf)$/.test(path) ? lineIssues(path, text) : []
}

/** One for all values of Secrets: where one is in clear text, mostly the whole file is. */
function leakIssues(path: string, leaks: readonly YamlLeak[]): Issue[] {
  const [first] = leaks.filter(({key}) => key === undefined)
  const credentials = leaks.flatMap(({key, ...place}) => (key === undefined ? [] : [credential(path, place, key)]))
  return first ? [plainSecret(path, first), ...credentials] : credentials
}

function lineIssues(path: string, text: string): Issue[] {
  return text.split('\n').flatMap((line, index): Issue[] => {
    const [, start = '', key = '', value = ''] =
      /^(\s*(?:export +|- +)?["']?([A-Za-z0-9_.-]+)["']?\s*[:=]\s*)["']?([^"'#\s]+)/.exec(line) ?? []
    if (!isCredentialName(key) || !isClear(key, value)) return []
    return [credential(path, {line: index + 1, column: start.length + 1}, key)]
  })
}

function plainSecret(path: string, place: Place): Issue {
  return leak(
    path,
    place,
    'Cannot commit a Secret that is not encrypted',
    path.endsWith('.sops.yaml')
      ? `git checkout -- ${path} brings back what was committed; change it with sops edit, which encrypts`
      : 'put it into clusters/ENVIRONMENT/CLUSTER/secrets.sops.yaml with sops edit, which encrypts it for that cluster',
  )
}

function unreadableSecret(path: string, place: Place): Issue {
  return leak(
    path,
    place,
    'Cannot tell whether this Secret is encrypted: the file is no YAML',
    'mend it, or take it out',
  )
}

function credential(path: string, place: Place, key: string): Issue {
  return leak(
    path,
    place,
    `Cannot commit the value of "${key}": it looks like a credential`,
    'take it out, npm run secrets makes credentials and encrypts them; if it is none, write # not a secret: REASON after it',
  )
}

function placeOf(text: string, index: number): Place {
  const before = text.slice(0, index)
  return {line: before.split('\n').length, column: index - before.lastIndexOf('\n')}
}

function leak(file: string, {line, column}: Place, message: string, fix: string): Issue {
  return {severity: 'error', code: 'leak', file, line, column, message, fix}
}
