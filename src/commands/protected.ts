import { ReleaserError } from '../model/errors.ts'
import type { Target } from '../model/target.ts'
import type { Call } from './command.ts'
import { manyOf } from './meant-hosts.ts'

/**
 * A protected target changes only when a person types its name, or a script passes `--yes`. `what` is about to be done to it; `odd`:
 * what that person should know of what is deployed.
 */
export async function askProtected(
  call: Call,
  targets: readonly Target[],
  what: string | ((target: Target) => string),
  odd: (target: Target) => string | undefined = () => undefined,
): Promise<void> {
  if (call.globals.yes) return
  for (const target of targets.filter((each) => each.protected === true)) {
    const { name } = target
    const warning = odd(target)
    const doing = typeof what === 'string' ? what : what(target)
    const typed = await call.ui.input(
      `${name}${manyOf(call, target)} is protected${warning === undefined ? '' : `, and ${warning}`}. Type its name to ${doing} it`,
      { answer: '--yes' },
    )
    if (typed.trim() !== name)
      throw new ReleaserError('USAGE', `"${typed.trim()}" is not ${name}: nothing was done`, {
        hint: 'type the name of the target, or pass --yes',
      })
  }
}
