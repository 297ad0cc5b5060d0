import {secretKeys} from '../environment/sealed.ts'
import type {Issue} from '../issue/issue.ts'
import {IssueError} from '../issue/issue.ts'
import {type Output, run} from '../verify/run.ts'

/** Variables by which sops would encrypt for more than it is told to (cmd/sops/main.go): set to nothing. */
const otherRecipients = Object.fromEntries(
  ['KMS_ARN', 'GCP_KMS_IDS', 'HUAWEICLOUD_KMS_IDS', 'AZURE_KEYVAULT_URLS', 'VAULT_URIS', 'PGP_FP'].map((name) => [
    `SOPS_${name}`,
    '',
  ]),
)

/** Exit codes of sops, cmd/sops/codes/codes.go. */
const codes = {macMismatch: 51, noKey: 128}

/** The real sops at a path. Values go through pipes: never into arguments, the environment or a file. */
export class Sops {
  readonly #program: string

  constructor(program: string) {
    this.#program = program
  }

  /**
   * The encrypted text of a file that these recipients, and nobody else, can read. Values below keys that match are
   * encrypted.
   */
  async encrypt(path: string, plain: string, recipients: readonly string[], keys = secretKeys): Promise<string> {
    const types = ['--input-type', 'yaml', '--output-type', 'yaml', '--filename-override', path]
    const args = ['encrypt', '--age', recipients.join(','), '--encrypted-regex', keys, ...types]
    const output = await this.#run(args, plain)
    if (output.exitCode === 0) return `${output.stdout}\n`
    throw new IssueError(problem(path, `Cannot encrypt: sops says ${lastLine(output)}`, recipientFix))
  }

  /** What is in an encrypted file; an error in the words of a person where it cannot be read. */
  async decrypt(path: string, content: string): Promise<string> {
    const output = await this.#decrypt(content)
    if (output.exitCode === 0) return output.stdout
    throw new IssueError(refusal(path, output))
  }

  /** Whether one of the caller's own keys opens the file. */
  async canDecrypt(content: string): Promise<boolean> {
    return (await this.#decrypt(content)).exitCode === 0
  }

  #decrypt(content: string): Promise<Output> {
    return this.#run(['decrypt', '--input-type', 'yaml', '--output-type', 'yaml'], content)
  }

  /** Its own configuration would add recipients: what stands in .sops.yaml is for people. */
  #run(args: readonly string[], input: string): Promise<Output> {
    return run(this.#program, ['--config', '/dev/null', ...args], {input, env: otherRecipients})
  }
}

const recipientFix = 'look at secrets.operators in environment.yaml: age-keygen -y KEYFILE prints the public key'

const ownKey =
  'let sops find your key: put it into ~/.config/sops/age/keys.txt, or name its file in SOPS_AGE_KEY_FILE; if you are no operator yet, ask one to add you'

/** Nothing of what sops prints is shown where it could tell something of the values, such as their checksum. */
function refusal(path: string, output: Output): Issue {
  const restore = `git checkout -- ${path} brings back what was committed; change it with sops edit only`
  if (output.exitCode === codes.noKey) return problem(path, 'Cannot decrypt: none of your age keys opens it', ownKey)
  if (output.exitCode === codes.macMismatch) {
    return problem(path, 'Cannot trust it: it was changed without sops, by hand or by a merge', restore)
  }
  return problem(path, 'Cannot decrypt: it is no whole file of sops', restore)
}

function problem(file: string, message: string, fix: string): Issue {
  return {severity: 'error', code: 'sops', file, message, fix}
}

function lastLine({stderr}: Output): string {
  return stderr.trim().split('\n').at(-1) ?? 'nothing'
}
