import { loadConfig, pickTargets } from '../../local/config.ts'
import { ReleaserError } from '../../model/errors.ts'
import type { Choice } from '../../ui/browse-state.ts'
import { asFailure } from '../about.ts'
import type { Call } from '../command.ts'
import { destinations, labels } from '../destinations.ts'
import { act } from './act.ts'
import { completed } from './ask.ts'
import { choose, chooseName, chooseOne } from './choose.ts'
import { viewHere } from './here.ts'
import { sure } from './sure.ts'
import { viewThere } from './there.ts'
import { type Meaning, type Place, understand } from './understand.ts'
import { type Entry, nameOf, type View } from './view.ts'
import { listed, offersFor } from './words.ts'

const HINT = ['Enter: what to do with it', 'h: all words', 'Tab: mark', 'Esc: back', 'type to search']
const LEAVING = ['Esc once more leaves; so does \\q']

/** Where a session is, and what is on its screen. */
interface Session {
  readonly call: Call
  place: Place
  view: View | undefined
  /** The entry that was chosen last. */
  at: number
}

/** A line, and the releases that were marked before it was typed. */
interface Typed {
  readonly line: string
  readonly marked: readonly Entry[]
}

/** Goes from place to place, shows its releases, and does what is chosen or typed, until the person leaves. */
export async function runSession(call: Call, start: Place): Promise<void> {
  const session: Session = { call, place: start, view: undefined, at: 0 }
  let leaving = false
  for (;;) {
    const view = await look(session)
    if (view === undefined) continue
    const choice = await browseView(session, view, leaving)
    if (choice === 'leave') return
    if (choice === 'back') {
      if (session.place.at === 'here' && leaving) return
      leaving = session.place.at === 'here'
      move(session, { at: 'here' }, leaving)
      continue
    }
    leaving = false
    const line = 'line' in choice ? choice.line : await menu(session, view, choice.chosen)
    if (line === undefined) continue
    const marked = 'line' in choice ? choice.marked : []
    if ((await attempt(call, (apart) => obey(session, apart, view, { line, marked }))) === 'leave') return
  }
}

/** What is there now; where it cannot be seen, the person is told why and asked what next. A Ctrl-C meanwhile goes back to the store. */
async function look(session: Session): Promise<View | undefined> {
  const { call, place } = session
  if (session.view) return session.view
  try {
    session.view = await call.hall.apart((signal) =>
      place.at === 'here' ? viewHere({ ...call, signal }) : viewThere({ ...call, signal }, place),
    )
    return session.view
  } catch (error) {
    const failure = asFailure(error, call.signal)
    if (call.signal.aborted || failure.code === 'BUG') throw failure
    if (failure.code === 'INTERRUPTED') return move(session, { at: 'here' })
    if (place.at === 'here') throw failure
    call.ui.problem(failure)
    const next = await chooseOne<Place>(call, `${place.target} cannot be seen.`, [
      { says: 'try again', value: place },
      { says: 'back to the store', value: { at: 'here' } },
    ])
    return move(session, next ?? { at: 'here' })
  }
}

function browseView({ call, at }: Session, view: View, leaving: boolean): Promise<Choice<Entry>> {
  return choose(call, { ...view, many: true, at, offers: offersFor(view.words), hint: leaving ? LEAVING : HINT })
}

/** What can be done with what was chosen; undefined where the person goes back. */
async function menu(session: Session, view: View, chosen: readonly Entry[]): Promise<string | undefined> {
  const [first, ...others] = chosen
  session.at = Math.max(
    0,
    view.items.findIndex(({ value }) => value.id === first?.id),
  )
  const names = first && others.length === 0 ? nameOf(first) : `${chosen.length} releases`
  return chooseOne(
    session.call,
    `${names}:`,
    view.actions(chosen).map(({ does, line }) => ({ says: does, value: line })),
  )
}

/** An error is told, and the session goes on; a person who turns back at a question is told nothing but what was not done. */
async function attempt<T>(call: Call, work: (apart: Call) => Promise<T>): Promise<T | undefined> {
  try {
    return await call.hall.apart((signal) => work({ ...call, signal }))
  } catch (error) {
    const failure = asFailure(error, call.signal)
    if (call.signal.aborted) throw failure
    if (failure.code === 'INTERRUPTED' && failure.message.startsWith('stopped at a question')) call.ui.say('nothing was done')
    else if (failure.code === 'INTERRUPTED' && failure.hint === undefined) call.ui.say(failure.message)
    else call.ui.problem(failure)
    return undefined
  }
}

async function obey(session: Session, call: Call, view: View, typed: Typed): Promise<'leave' | undefined> {
  const { place } = session
  const { line: text, marked } = typed
  const { ui, hall } = call
  const loaded = await loadConfig({ file: call.globals.config, cwd: process.cwd() }).catch(orNoConfig)
  const targets = [...(loaded?.targets.keys() ?? []), ...Object.keys(loaded?.config.groups ?? {})]
  const apps = loaded?.apps ?? []
  const meaning: Meaning = understand(text, { place, commands: hall.commands, words: view.words, targets, apps })
  switch (meaning.do) {
    case 'leave':
      return 'leave'
    case 'look':
      return move(session, place, true)
    case 'local':
      return move(session, { at: 'here' })
    case 'help': {
      const about = meaning.about === undefined ? undefined : hall.commands[meaning.about]
      ui.data(about ? await hall.help(about) : listed(view.words))
      return undefined
    }
    case 'connect': {
      const target = meaning.target ?? (await chooseName(call, 'connect to which target?', targets))
      return target === undefined ? undefined : move(session, { at: 'there', target, host: undefined })
    }
    case 'host': {
      if (place.at !== 'there') return undefined
      const chosen = loaded ? await pickTargets(loaded, place.target, call.signal) : []
      const names = labels(chosen.flatMap(({ hosts }) => hosts.map((host) => ({ host }))))
      const name = meaning.host ?? (await chooseName(call, 'which host?', ['all', ...names]))
      if (name === undefined) return undefined
      const host = name === 'all' ? undefined : name
      // Fails where no host fits.
      destinations(chosen, host)
      return move(session, { ...place, host })
    }
    case 'run': {
      const line = await completed(call, meaning.line, { view, marked, targets, apps, keepLocal: loaded?.config.keepLocal })
      if (line === undefined) return undefined
      if (!(await sure(call, line, view))) return undefined
      // Whatever comes of it, what is shown may be over.
      session.view = undefined
      await act(call, line)
    }
  }
  return undefined
}

/** Goes somewhere, and looks anew; `staying` keeps the lit row. */
function move(session: Session, place: Place, staying = false): undefined {
  if (!staying) session.at = 0
  session.place = place
  session.view = undefined
}

/** A store may be kept without a configuration. */
function orNoConfig(error: unknown): undefined {
  if (error instanceof ReleaserError && error.code === 'CONFIG') return undefined
  throw error
}
