import type { Destination } from '../rollout/host.ts'
import { type Preparation, prepare } from '../rollout/prepare.ts'
import type { Call } from './command.ts'
import { labels } from './destinations.ts'

/**
 * Connects to hosts and asks them how they are, says who is left out, hands them over, and lets go of all of them in the end. With
 * `aside` it is not told where there is no terminal, and its list is gone before `act`: somebody wants an answer, not the way to it.
 */
export async function withHosts<T>(
  { ui, globals, signal }: Call,
  destinations: readonly Destination[],
  act: (preparation: Preparation) => Promise<T>,
  { aside = false, inUse = false }: { readonly aside?: boolean; readonly inUse?: boolean } = {},
): Promise<T> {
  const rows = ui.rows(labels(destinations), { fleeting: true })
  try {
    const observe = aside && ui.mode !== 'tty' ? () => {} : ui.observe
    const preparation = await prepare({ destinations, observe, signal, skipUnreachable: globals.skipUnreachable, inUse })
    try {
      if (aside) await rows.close()
      for (const { host, message } of preparation.skipped) ui.warn(`${host} is left out: ${message}`)
      return await act(preparation)
    } finally {
      await preparation.close()
    }
  } finally {
    await rows.close()
  }
}
