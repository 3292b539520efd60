import type { Destination } from '../rollout/host.ts'
import { type Preparation, prepare } from '../rollout/prepare.ts'
import type { Call } from './command.ts'
import { labels } from './destinations.ts'
import { loginOf } from './login.ts'
import { sayHosts } from './meant-hosts.ts'

/**
 * Says which hosts are meant, connects to them and asks them how they are, says who is left out, hands them over, and lets go of all of them in the end. With
 * `aside` it is not told where there is no terminal, and its list is gone before `act`: somebody wants an answer, not the way to it.
 */
export async function withHosts<T>(
  call: Call,
  destinations: readonly Destination[],
  act: (preparation: Preparation) => Promise<T>,
  { aside = false, inUse = false }: { readonly aside?: boolean; readonly inUse?: boolean } = {},
): Promise<T> {
  const { ui, globals, signal } = call
  if (!aside) sayHosts(call, destinations)
  const rows = ui.rows(labels(destinations), { fleeting: true })
  try {
    const observe = aside && ui.mode !== 'tty' ? () => {} : ui.observe
    const login = loginOf(call)
    const preparation = await prepare({ destinations, observe, signal, skipUnreachable: globals.skipUnreachable, inUse, login })
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
