import { ReleaserError } from '../model/errors.ts'
import { runnerOf } from '../tasks/current.ts'
import type { Call, Outcome } from './command.ts'
import { holdSession } from './terminal-session.ts'

/** `releaser console`: the remote console of the running app, as its runner opens it. */
export function run(call: Call): Promise<Outcome> {
  const target = call.values['target']
  return holdSession(call, {
    name: 'the console',
    otherwise: `releaser rpc target=${target} -- EXPR`,
    script: (destination, current) => {
      const { console } = runnerOf(destination.target, current).service
      if (console !== null) return console
      throw new ReleaserError('CONFIG', `target ${destination.target.name}: its runner has no console`, {
        hint: `say how it is opened, runner: { start, console }; or take a shell: releaser ssh target=${target}`,
      })
    },
  })
}
