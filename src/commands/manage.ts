import { loadConfig, pickTargets } from '../local/config.ts'
import { ReleaserError } from '../model/errors.ts'
import type { Call, Outcome } from './command.ts'
import { destinations } from './destinations.ts'
import { runSession } from './manage/session.ts'

/** `releaser manage`: a session with the store, and with the hosts of targets; all that it does is a command as well. */
export async function run(call: Call): Promise<Outcome> {
  const { ui, values, globals } = call
  const { target, host } = values
  if (!ui.interactive)
    throw new ReleaserError('USAGE', 'manage needs a terminal, and somebody at it', {
      hint: 'in a script: releaser releases, prune, delete, activate, verify … do the same; see releaser --help',
    })
  if (target === undefined && host !== undefined)
    throw new ReleaserError('USAGE', 'host= is for the hosts of a target', { hint: `say whose: target=NAME host=${host}` })
  if (target !== undefined)
    destinations(await pickTargets(await loadConfig({ file: globals.config, cwd: process.cwd() }), target, call.signal), host)
  await runSession(call, target === undefined ? { at: 'here' } : { at: 'there', target, host })
  return { result: {}, text: '' }
}
