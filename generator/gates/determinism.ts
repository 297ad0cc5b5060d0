import {existsSync, mkdtempSync, readdirSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {run} from '../verify/run.ts'
import type {Finding, Gate} from './gate.ts'

/** Renders once more, with other variables and from another folder, and gives back a digest of all files. */
export type RenderAgain = (circumstances: {env: Record<string, string>; cwd: string}) => Promise<string>

/** Where it is another day, another language and another order of letters than here. */
const elsewhere = {TZ: 'Pacific/Kiritimati', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8'}

/** The gate over a render: `digest` is that of its files, `again` makes another one elsewhere. */
export function determinismGate(digest: () => string, again: RenderAgain): Gate {
  return {
    name: 'determinism',
    rule: 'Rendering gives the same bytes twice, in another time zone, language and folder, and no chart draws lots',
    reason:
      'What differs without a reason is a commit that nobody made, and restarts pods each time somebody renders; a value drawn at random is another one at each look of Argo CD.',
    source: 'argo-cd.readthedocs.io/en/stable/user-guide/helm, "Random Data"; helm/helm issue 32565',
    start: (root) => ({
      end: async () => [...(await otherBytes(digest, again)), ...ownTemplates(root), ...(await packages(root))],
    }),
  }
}

async function otherBytes(digest: () => string, again: RenderAgain): Promise<Finding[]> {
  if ((await again({env: elsewhere, cwd: tmpdir()})) === digest()) return []
  const message = 'Rendering in another time zone, language and folder gives other bytes'
  const fix =
    'look in the components for dates, for localeCompare and toLocale..., for the order of files, and for paths'
  return [{file: 'generator', message, fix}]
}

/** Functions of Helm that give something else each time (helm.sh/docs/chart_template_guide/function_list). */
const drawing =
  /\b(rand(?:AlphaNum|Alpha|Numeric|Ascii|Bytes|Int)|gen(?:CA|CAWithKey|PrivateKey|SelfSignedCert|SelfSignedCertWithKey|SignedCert|SignedCertWithKey)|uuidv4|htpasswd|bcrypt|now|encryptAES|lookup|env|expandenv|getHostByName)\b/

function ownTemplates(root: string): Finding[] {
  return templatesBelow(join(root, 'charts')).flatMap((path) => {
    const lines = readFileSync(path, 'utf8').split('\n')
    return lines.flatMap((text, index): Finding[] => {
      const name = drawnBy(text)
      if (!name) return []
      const file = path.slice(root.length + 1)
      return [
        {
          file,
          line: index + 1,
          message: `This template calls ${name}, which gives something else each time`,
          fix: 'let npm run secrets make what is random, or work it out before',
        },
      ]
    })
  })
}

/** Only inside of actions: text may say "now" as it likes. */
function drawnBy(line: string): string | undefined {
  const actions = [...line.matchAll(/\{\{(.*?)\}\}/g)].map(([, action = '']) =>
    action.replace(/"(\\.|[^"\\])*"|`[^`]*`|\/\*.*?\*\//g, ''),
  )
  return actions.map((action) => drawing.exec(action.replace(/[.$][\w.]+/g, ''))?.[1]).find(Boolean)
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
    await run('tar', ['-xzf', path, '-C', folder])
    const functions = templatesBelow(folder).flatMap((template) =>
      readFileSync(template, 'utf8')
        .split('\n')
        .flatMap((line) => drawnBy(line) ?? []),
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
