import pWaitFor, {TimeoutError} from 'p-wait-for'

/** What a condition may last: machines are shared, so it is far more than it takes. */
const minutes = 5

/**
 * Waits until a condition holds. Where it does not, an error says which, and what `detail` knows about it. A condition
 * that throws ends the wait.
 */
export async function eventually(
  what: string,
  condition: () => Promise<boolean>,
  detail: () => Promise<string> = async () => '',
): Promise<void> {
  try {
    await pWaitFor(condition, {interval: 300, timeout: minutes * 60_000})
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error
    throw new Error(`Waited ${minutes} minutes in vain until ${what}\n${await detail()}`)
  }
}
