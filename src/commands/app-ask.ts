import { loadConfig, pickTargets } from '../local/config.ts'
import { ReleaserError } from '../model/errors.ts'
import type { HostRelease } from '../model/host-state.ts'
import type { Service } from '../model/service.ts'
import { askOnce } from '../rollout/healthy.ts'
import type { Asked } from '../rollout/host.ts'
import { currentEnv, runnerOf } from '../tasks/current.ts'
import type { Call, Outcome } from './command.ts'
import { destinations } from './destinations.ts'
import { environments } from './environment.ts'
import { inEvery, type Question } from './in-current.ts'
import { ranOutcome } from './ran.ts'

type Verb = 'ping' | 'pid' | 'version' | 'rpc' | 'eval'

/** How long an app may take to say that it is there. What it is asked to do by `rpc` and `eval` takes as long as it takes. */
const ANSWER_SECONDS = 30

/** `releaser ping`, `pid`, `version`, `rpc` and `eval`: the app of every host is asked, by the words of its runner. */
export async function run(call: Call): Promise<Outcome> {
  const { command, rest, values, globals } = call
  if (!isVerb(command)) throw new ReleaserError('BUG', `there is no way to ${command}`)
  const loaded = await loadConfig({ file: globals.config, cwd: process.cwd() })
  const all = destinations(await pickTargets(loaded, values['target'], call.signal), values['host'])
  if (globals.dryRun) {
    const words = [command, ...rest].join(' ')
    return { result: { hosts: [] }, text: all.map(({ host }) => `${host.name}: would ask the app: ${words}`).join('\n') }
  }
  // What is printed there may hold them.
  await environments(all, { dir: loaded.dir, call })
  const ran = await inEvery(call, all, (asked, current) => question(command, asked, current, rest))
  return ranOutcome(call, ran, command, hintFor(command, values['target'] ?? ''))
}

async function question(verb: Verb, asked: Asked, release: HostRelease, args: readonly string[]): Promise<Question> {
  const { service } = runnerOf(asked.target, release)
  const script = service[verb]
  if (script === null) return WITHOUT[verb](asked, release, service)
  const limit = verb === 'rpc' || verb === 'eval' ? {} : { seconds: ANSWER_SECONDS }
  return { wish: { script, args }, ...limit }
}

/** Where the app itself does not answer; what somebody has evaluated says by itself what is wrong. */
function hintFor(verb: Verb, target: string): string | undefined {
  if (verb === 'rpc' || verb === 'eval') return undefined
  return `see what it wrote: releaser logs target=${target}; or start it: releaser start target=${target}`
}

/** What we know by ourselves where a runner has no words for it. */
const WITHOUT: { readonly [V in Verb]: (asked: Asked, release: HostRelease, service: Service) => Question | Promise<Question> } =
  {
    ping: async (asked, release, service) => {
      const running = processOf(asked, service)
      const { health } = asked.target
      if ('wish' in running) return running
      if (running.exit !== 0 || !health) return running.exit === 0 ? says('pong') : running
      const seen = await askOnce(asked, health, currentEnv(asked))
      return seen.ok ? says('pong') : fails(`${release.version} runs, and is not healthy: ${seen.why}`)
    },
    pid: (asked, _, service) => processOf(asked, service),
    version: ({ facts }, release) => (facts.app === null ? fails('the app does not run') : says(release.version)),
    rpc: ({ target }, _, service) => cannot(target.name, 'rpc', service),
    eval: ({ target }, _, service) => cannot(target.name, 'eval', service),
  }

/** The process that the last start has left, or what the runner says of it. */
function processOf({ facts }: Asked, { pid }: Service): ReturnType<typeof says> | Extract<Question, { readonly wish: unknown }> {
  if (facts.app) return says(String(facts.app.pid))
  return pid === null ? fails('the app does not run') : { wish: { script: pid, args: [] }, seconds: ANSWER_SECONDS }
}

function says(text: string) {
  return { exit: 0, stdout: `${text}\n`, stderr: '' }
}

function fails(why: string) {
  return { exit: 1, stdout: '', stderr: `${why}\n` }
}

function cannot(target: string, verb: Verb, { runner }: Service): never {
  throw new ReleaserError('CONFIG', `target ${target}: its runner has no ${verb}`, {
    hint:
      runner === 'commands'
        ? `write runner: { …, ${verb}: '…' }; the expression is its $1`
        : 'use exec, or a command of your own (commands)',
  })
}

function isVerb(word: string): word is Verb {
  return Object.hasOwn(WITHOUT, word)
}
