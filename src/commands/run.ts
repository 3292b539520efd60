import { loadConfig, pickTargets } from '../local/config.ts'
import { ReleaserError } from '../model/errors.ts'
import { didYouMean } from '../model/suggest.ts'
import type { Target } from '../model/target.ts'
import type { Call, Outcome } from './command.ts'
import { destinations } from './destinations.ts'
import { environments } from './environment.ts'
import { inEvery } from './in-current.ts'
import { sayHosts } from './meant-hosts.ts'
import { ranOutcome } from './ran.ts'

/** `releaser run`: a command that the configuration names, in the current release of every host. It gets the words as `$1` and on. */
export async function run(call: Call): Promise<Outcome> {
  const { rest, values, globals } = call
  const name = values['command'] ?? ''
  const loaded = await loadConfig({ file: globals.config, cwd: process.cwd() })
  const targets = await pickTargets(loaded, values['target'], call.signal)
  const scripts = new Map(targets.map((target) => [target.name, commandOf(target, name)]))
  const all = destinations(targets, values['host'])
  const scriptOf = (target: Target) => scripts.get(target.name) ?? ''
  if (globals.dryRun) {
    const lines = all.map(({ target, host }) => `${host.name}: would run ${[scriptOf(target), ...rest].join(' ')}`)
    return { result: { hosts: [] }, text: lines.join('\n') }
  }
  // What is printed there may hold them.
  await environments(all, { dir: loaded.dir, call })
  sayHosts(call, all)
  const ran = await inEvery(call, all, ({ target }) => ({ wish: { script: scriptOf(target), args: rest } }))
  return ranOutcome(call, ran, name)
}

function commandOf({ name: target, commands = {} }: Target, name: string): string {
  const script = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (script !== undefined) return script
  const known = Object.keys(commands)
  const meant = didYouMean(name, known)
  throw new ReleaserError('USAGE', `target ${target} has no command "${name}"`, {
    hint:
      known.length === 0
        ? `it has none at all; write commands: { ${/^\w+$/.test(name) ? name : `'${name}'`}: '…' } in the target`
        : meant.startsWith('did')
          ? `${meant} There is: ${known.join(', ')}`
          : meant,
  })
}
