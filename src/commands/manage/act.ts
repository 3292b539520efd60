import { toShell } from '../../remote/shell.ts'
import { asFailure } from '../about.ts'
import { parseArguments } from '../args.ts'
import type { Argument, Call, Command, Globals, Hall, Outcome } from '../command.ts'
import { GLOBALS } from '../globals.ts'
import type { Line } from './understand.ts'

/**
 * Does what a line says, by the very command: shows how it would be typed outside, and what comes of it. Ctrl-C ends this alone.
 * `quietly`: shows nothing, for whoever wants to look first.
 */
export async function act(call: Call, line: Line, { quietly = false } = {}): Promise<Outcome> {
  const { ui, globals, hall, signal } = call
  signal.throwIfAborted()
  const argv = argvOf(line, hall.commands)
  const request = parseArguments(argv, hall.commands)
  if (request.ask !== 'run') throw new TypeError(`${argv.join(' ')} is no command`)
  const { command, words } = request
  if (!quietly) ui.say(`$ ${toShell(['releaser', ...argv])}`)
  const { run } = await command.load()
  const own = bothOf(globals, words.globals)
  const outcome = await hall.apart((stop) =>
    run({ ...call, ...words, command: command.name, globals: own, signal: stop }).catch((error: unknown) => {
      throw asFailure(error, stop)
    }),
  )
  if (!quietly) ui.data(outcome.text, outcome.picture)
  return outcome
}

/** What the session was begun with, and what a line says beside; a session that is a dry run stays one. */
function bothOf(session: Globals, line: Globals): Globals {
  return {
    config: line.config ?? session.config,
    wait: line.wait ?? session.wait,
    yes: session.yes || line.yes,
    dryRun: session.dryRun || line.dryRun,
    verbose: session.verbose || line.verbose,
    skipUnreachable: session.skipUnreachable || line.skipUnreachable,
  }
}

/** The line as the command line gets it: `key=value`, or `--flag` for what takes no value. */
export function argvOf({ command, values, rest }: Line, commands: Hall['commands']): readonly string[] {
  const isFlag = (key: string) => takes(key, commands[command])?.value === undefined
  const words = Object.entries(values).map(([key, value]) => (value === 'true' && isFlag(key) ? `--${key}` : `${key}=${value}`))
  return [command, ...words, ...(rest.length > 0 ? ['--', ...rest] : [])]
}

function takes(key: string, command: Command | undefined): Argument | undefined {
  return [...(command?.arguments ?? []), ...GLOBALS].find((argument) => argument.key === key)
}
