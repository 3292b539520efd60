import { toShell } from '../../remote/shell.ts'
import { asFailure } from '../about.ts'
import { parseArguments } from '../args.ts'
import type { Call, Outcome } from '../command.ts'
import type { Line } from './understand.ts'

/**
 * Does what a line says, by the very command: shows how it would be typed outside, and what comes of it. Ctrl-C ends this alone.
 * `quietly`: shows nothing, for whoever wants to look first.
 */
export async function act(call: Call, line: Line, { quietly = false } = {}): Promise<Outcome> {
  const { ui, globals, hall, signal } = call
  signal.throwIfAborted()
  const argv = [line.command, ...wordsOf(line)]
  const request = parseArguments(argv, hall.commands)
  if (request.ask !== 'run') throw new TypeError(`${argv.join(' ')} is no command`)
  const { command, words } = request
  if (!quietly) ui.say(`$ ${toShell(['releaser', ...argv])}`)
  const { run } = await command.load()
  const own = {
    ...globals,
    dryRun: words.globals.dryRun,
    wait: words.globals.wait ?? globals.wait,
    yes: globals.yes || words.globals.yes,
  }
  const outcome = await hall.apart((stop) =>
    run({ ...call, ...words, command: command.name, globals: own, signal: stop }).catch((error: unknown) => {
      throw asFailure(error, stop)
    }),
  )
  if (!quietly) ui.data(outcome.text, outcome.picture)
  return outcome
}

function wordsOf({ values, rest }: Line): readonly string[] {
  const keyed = Object.entries(values).map(([key, value]) => (value === 'true' ? `--${key}` : `${key}=${value}`))
  return [...keyed, ...(rest.length > 0 ? ['--', ...rest] : [])]
}
