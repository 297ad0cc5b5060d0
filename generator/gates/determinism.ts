import {existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {run} from '../verify/run.ts'
import type {Finding, Gate} from './gate.ts'

/** Circumstances of a render that must not show in it. */
export interface Elsewhere {
  env: Record<string, string>
  /** Another path of the same repository. */
  root: string
  /** A module that puts the clock forward. */
  clock: string
}

/** Renders once more in other circumstances, and gives back a digest of all files; an error where it cannot. */
export type RenderAgain = (elsewhere: Elsewhere) => Promise<string>

/** Another time zone, another language, and another order of letters than here. */
const env = {TZ: 'Pacific/Kiritimati', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8'}

/** More than a year later. */
const clock = `data:text/javascript,${encodeURIComponent(`
const Now = Date
const later = 4e10
globalThis.Date = class extends Now {
  constructor(...parts) {
    if (parts.length > 0) super(...parts)
    else super(Now.now() + later)
  }
  static now() {
    return Now.now() + later
  }
}`)}`

/** The gate over a render: `digest` is that of its files, `again` makes another one elsewhere. */
export function determinismGate(digest: () => string, again: RenderAgain): Gate {
  return {
    name: 'determinism',
    rule: 'Rendering gives the same bytes on another day, in another time zone, language and folder, and no chart draws anything at random',
    reason:
      'What differs without a reason is a commit that nobody made, and restarts pods each time somebody renders; a value drawn at random is another one at each look of Argo CD.',
    source: 'argo-cd.readthedocs.io/en/stable/user-guide/helm, "Random Data"; helm/helm issue 32565',
    start: (root) => ({
      end: async () => [...(await otherBytes(root, digest, again)), ...ownTemplates(root), ...(await packages(root))],
    }),
  }
}

async function otherBytes(root: string, digest: () => string, again: RenderAgain): Promise<Finding[]> {
  const folder = mkdtempSync(join(tmpdir(), 'elsewhere-'))
  try {
    const link = join(folder, 'repository')
    symlinkSync(root, link)
    if ((await again({env, root: link, clock})) === digest()) return []
    const message = 'Rendering on another day, in another time zone, language and folder gives other bytes'
    const fix =
      'look in the components for dates, for localeCompare and toLocale..., for the order of files, and for paths'
    return [{file: 'generator', message, fix}]
  } finally {
    rmSync(folder, {recursive: true, force: true})
  }
}

/** Functions of Helm that give something else each time (helm.sh/docs/chart_template_guide/function_list). */
const drawing =
  /\b(rand(?:AlphaNum|Alpha|Numeric|Ascii|Bytes|Int)|shuffle|ago|gen(?:CA|CAWithKey|PrivateKey|SelfSignedCert|SelfSignedCertWithKey|SignedCert|SignedCertWithKey)|uuidv4|htpasswd|bcrypt|now|encryptAES|lookup|env|expandenv|getHostByName)\b/

function ownTemplates(root: string): Finding[] {
  return templatesBelow(join(root, 'charts')).flatMap((path) =>
    drawnIn(readFileSync(path, 'utf8')).map(({name, line}) => ({
      file: path.slice(root.length + 1),
      line,
      message: `This template calls ${name}, which gives something else each time`,
      fix: 'let npm run secrets make what is random, or work it out before',
    })),
  )
}

/** Calls inside of actions, which may go over several lines: text may say "now" as it likes. */
function drawnIn(text: string): {name: string; line: number}[] {
  return [...text.matchAll(/\{\{([\s\S]*?)\}\}/g)].flatMap(({1: action = '', index}) => {
    const code = action.replace(/"(\\.|[^"\\])*"|`[^`]*`|\/\*[\s\S]*?\*\//g, '').replace(/[.$][\w.]+/g, '')
    const name = drawing.exec(code)?.[1] ?? (/\.Release\.(Revision|IsUpgrade|IsInstall)/.exec(action)?.[0] || undefined)
    return name ? [{name, line: text.slice(0, index).split('\n').length}] : []
  })
}

function templatesBelow(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, {recursive: true, withFileTypes: true})
    .filter(
      (entry) => entry.isFile() && /\/templates(\/|$)/.test(entry.parentPath) && /\.(ya?ml|tpl|txt)$/.test(entry.name),
    )
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

/** Published charts whose packages are in Git: named, so that whoever reviews a difference knows where it comes from. */
async function packages(root: string): Promise<Finding[]> {
  const charts = join(root, 'charts')
  const found = existsSync(charts)
    ? readdirSync(charts, {recursive: true, withFileTypes: true}).filter(({name}) => name.endsWith('.tgz'))
    : []
  const findings: Finding[] = []
  for (const {parentPath, name} of found) findings.push(...(await packageFindings(join(parentPath, name), root)))
  return findings
}

async function packageFindings(path: string, root: string): Promise<Finding[]> {
  const folder = mkdtempSync(join(tmpdir(), 'chart-'))
  try {
    const {exitCode, stderr} = await run('tar', ['-xzf', path, '-C', folder])
    if (exitCode !== 0) throw new Error(`tar cannot read ${path.slice(root.length + 1)}: ${stderr.trim()}`)
    const functions = templatesBelow(folder).flatMap((template) =>
      drawnIn(readFileSync(template, 'utf8')).map(({name}) => name),
    )
    const drawn = [...new Set(functions)].filter((each) => each !== 'lookup')
    if (drawn.length === 0) return []
    const message = `Templates of this chart call ${drawn.sort().join(', ')}: what they make is another one at each render`
    return [
      {
        severity: 'warning',
        file: path.slice(root.length + 1),
        message,
        fix: 'see that the values leave no use of it, such as with existingSecret',
      },
    ]
  } finally {
    rmSync(folder, {recursive: true, force: true})
  }
}
