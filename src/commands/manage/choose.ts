import type { Choice, Listing } from '../../ui/browse-state.ts'
import { asFailure } from '../about.ts'
import type { Call } from '../command.ts'

/** Lets a person choose. A Ctrl-C that comes as a signal goes one step back as well. */
export async function choose<T>({ ui, hall, signal }: Call, listing: Listing<T>): Promise<Choice<T>> {
  try {
    return await hall.apart(() => ui.browse(listing))
  } catch (error) {
    const failure = asFailure(error, signal)
    if (signal.aborted || failure.code !== 'INTERRUPTED') throw failure
    return 'back'
  }
}

const HINT = ['Enter: choose', 'Esc: back', 'type to search']

/** One of a few things, by what is said of each; undefined where the person goes back. */
export async function chooseOne<T>(
  call: Call,
  prompt: string,
  choices: readonly { readonly says: string; readonly value: T }[],
): Promise<T | undefined> {
  const items = choices.map(({ says, value }) => ({ cells: [says], value }))
  const choice = await choose(call, { title: [], prompt, headings: [], items, empty: 'there is none', hint: HINT })
  return typeof choice === 'object' && 'chosen' in choice ? choice.chosen[0] : undefined
}

/** One of these names; undefined where the person goes back. */
export function chooseName(call: Call, prompt: string, names: readonly string[]): Promise<string | undefined> {
  return chooseOne(
    call,
    prompt,
    names.map((name) => ({ says: name, value: name })),
  )
}
