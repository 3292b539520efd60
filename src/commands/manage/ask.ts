import { isName, NAME_RULE } from '../../model/name.ts'
import type { Call } from '../command.ts'
import { chooseName, chooseOne } from './choose.ts'
import type { Line } from './understand.ts'
import type { Entry, View } from './view.ts'

/** What a session knows that a question can offer. */
export interface Offered {
  readonly view: View
  /** Releases that were marked before the line was typed. */
  readonly marked: readonly Entry[]
  readonly targets: readonly string[]
  readonly apps: readonly string[]
  readonly keepLocal: number | undefined
}

/** Asks for what a line leaves out and its command cannot do without; undefined where the person goes back. */
export async function completed(call: Call, line: Line, offered: Offered): Promise<Line | undefined> {
  let values = line.values
  for (const key of missing(call, line, offered)) {
    const value = await ask(call, key, line, offered)
    if (value === undefined) return undefined
    values = { ...values, [key]: value }
  }
  return { ...line, values }
}

const CAN_ASK: readonly string[] = ['release', 'target', 'tag', 'file', 'app', 'keep']

/** The keys that somebody has to give a value to. What cannot be asked for, the command itself says. */
function missing({ hall }: Call, { command, values }: Line, { apps, keepLocal }: Offered): readonly string[] {
  const required = hall.commands[command]?.arguments.flatMap(({ key, required }) => (required === true ? [key] : [])) ?? []
  const here = command === 'prune' && values['target'] === undefined
  const limited = keepLocal !== undefined || values['within'] !== undefined || values['size'] !== undefined
  const more = [...(here && apps.length > 1 ? ['app'] : []), ...(here && !limited ? ['keep'] : [])]
  return [...required, ...more].filter((key) => CAN_ASK.includes(key) && values[key] === undefined)
}

async function ask(
  call: Call,
  key: string,
  { command }: Line,
  { view, marked, targets, apps }: Offered,
): Promise<string | undefined> {
  const { ui } = call
  switch (key) {
    case 'release': {
      if (marked.length > 0) return marked.map(({ id }) => id).join(',')
      const choices = view.items.map(({ cells, value }) => ({ says: cells.filter(Boolean).join('  '), value: value.id }))
      return chooseOne(call, `${command}: which release?`, choices)
    }
    case 'target':
      return chooseName(call, `${command}: which target?`, targets)
    case 'app':
      return chooseName(call, `${command}: releases of which app?`, apps)
    case 'tag':
      return ui.input('Which tag?', { answer: 'tag=NAME', check: (text) => (isName(text.trim()) ? undefined : NAME_RULE) })
    case 'file':
      return ui.input('Which file?', { answer: 'file=FILE', check: (text) => (text.trim() === '' ? 'a path' : undefined) })
    case 'keep':
      return ui.input('How many are to stay?', {
        initial: '5',
        answer: 'keep=N',
        check: (text) => (/^[1-9]\d{0,8}$/.test(text) ? undefined : 'a number, at least 1'),
      })
  }
  throw new TypeError(`nobody knows how to ask for ${key}`)
}
