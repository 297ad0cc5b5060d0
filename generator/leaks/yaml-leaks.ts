import {isMap, isScalar, isSeq, LineCounter, type Node, parseAllDocuments, type Scalar, visit, type YAMLMap} from 'yaml'
import {isCredentialName} from '../issue/hide-secrets.ts'

/** A value that must not be committed, and why. */
export interface YamlLeak {
  line: number
  column: number
  /** The key whose value looks like a credential; undefined for a Secret that is not encrypted. */
  key: string | undefined
}

/**
 * Values of Secrets that are not encrypted, wherever in the document they stand, and of keys such as password. JSON is
 * YAML. Undefined where the text is neither.
 */
export function yamlLeaks(text: string): YamlLeak[] | undefined {
  const lines = new LineCounter()
  const documents = parseAllDocuments(text, {lineCounter: lines, uniqueKeys: false, logLevel: 'silent'})
  if (!Array.isArray(documents) || documents.some(({errors}) => errors.length > 0)) return undefined
  const found = new Map<Scalar, string | undefined>()
  for (const document of documents) {
    visit(document, {
      Map: (_, map) => {
        for (const scalar of secretValues(map)) found.set(scalar, undefined)
        for (const [scalar, key] of credentials(map)) if (!found.has(scalar)) found.set(scalar, key)
      },
    })
  }
  return [...found].map(([scalar, key]) => ({...placeOf(scalar, lines), key}))
}

/** What a Secret, or the items of a list of Secrets, hold in clear text. */
function secretValues(map: YAMLMap): Scalar[] {
  const kind = String(map.get('kind'))
  if (kind === 'SecretList') {
    const items = map.get('items')
    return isSeq(items) ? items.items.flatMap((item) => (isMap(item) ? dataOf(item) : [])) : []
  }
  return kind === 'Secret' ? dataOf(map) : []
}

function dataOf(secret: YAMLMap): Scalar[] {
  return ['data', 'stringData'].flatMap((section) => {
    const data = secret.get(section)
    return isMap(data) ? data.items.flatMap(({value}) => (isScalar(value) && !isSealed(value) ? [value] : [])) : []
  })
}

function isSealed({value}: Scalar): boolean {
  return value === '' || value === null || (typeof value === 'string' && /^ENC\[[^\]]*\]$/.test(value))
}

/** Scalars below keys that name a credential, in lists too, and values beside such a name. */
function credentials(map: YAMLMap): [Scalar, string][] {
  const ofKeys = map.items.flatMap(({key, value}): [Scalar, string][] => {
    if (!isScalar(key) || !isCredentialName(String(key.value))) return []
    const scalars = isSeq(value) ? value.items : [value]
    return scalars.flatMap((each): [Scalar, string][] =>
      isScalar(each) && isClear(String(key.value), each.value) ? [[each, String(key.value)]] : [],
    )
  })
  const literals = literalsOf(map)
  const name = map.get('name')
  const value = map.get('value', true)
  const isPair = typeof name === 'string' && isCredentialName(name) && isScalar(value) && isClear(name, value.value)
  return [...ofKeys, ...literals, ...(isPair ? [[value as Scalar, name as string] as [Scalar, string]] : [])]
}

/** `literals` of a secretGenerator of Kustomize. */
function literalsOf(map: YAMLMap): [Scalar, string][] {
  const generators = map.get('secretGenerator')
  if (!isSeq(generators)) return []
  return generators.items.flatMap((generator) => {
    const literals = isMap(generator) ? generator.get('literals') : undefined
    const items = isSeq(literals) ? literals.items.filter(isScalar) : []
    return items.map((item): [Scalar, string] => [item as Scalar, 'literals'])
  })
}

/** What settings of CI and the like say in the place of a credential. */
const harmless = /^(read|write|none|true|false|yes|no|null)$/
const objectName = /^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$/

/** Neither encrypted, nor empty, nor a reference to what is elsewhere, such as the name of a Secret. */
export function isClear(key: string, value: unknown): boolean {
  if (typeof value === 'number') return true
  if (typeof value !== 'string' || value === '') return false
  if (/^(ENC\[|\$[{(_]|\/|\{\{|<)/.test(value) || harmless.test(value)) return false
  return !(/(secret|credentials?)$/i.test(key) && objectName.test(value))
}

function placeOf(node: Node, lines: LineCounter): {line: number; column: number} {
  const {line, col} = lines.linePos(node.range?.[0] ?? 0)
  return {line, column: col}
}
