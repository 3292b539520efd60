import { ReleaserError } from '../model/errors.ts'
import { placed } from '../tasks/service.ts'
import type { Call, Outcome } from './command.ts'
import { holdSession } from './terminal-session.ts'

/** `releaser console`: the remote console of the running app, as its runner opens it. */
export function run(call: Call): Promise<Outcome> {
  const target = call.values['target']
  return holdSession(call, {
    name: 'the console',
    otherwise: `releaser rpc target=${target} -- EXPR`,
    script: (destination, current) => {
      const placement = placed(destination.target, current)
      const console = placement?.service.console
      if (console) return console
      const why = placement
        ? `the runner of ${destination.target.name} has`
        : `${destination.target.name} has no runner, so it has`
      throw new ReleaserError('USAGE', `${why} no console`, {
        hint: `say how it is opened, runner: { start, console }; or take a shell: releaser ssh target=${target}`,
      })
    },
  })
}
