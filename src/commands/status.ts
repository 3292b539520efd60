import { loadConfig, pickTargets } from '../local/config.ts'
import { viewOf } from '../model/host-view.ts'
import { lockInWords } from '../model/lock.ts'
import type { Facts } from '../model/plan.ts'
import { size } from '../model/size.ts'
import type { AppState } from '../tasks/app-state.ts'
import { table } from '../ui/table.ts'
import { ago } from '../ui/time.ts'
import type { Call, Outcome } from './command.ts'
import { destinations } from './destinations.ts'
import { type Answer, demandAnswers, factsOf } from './facts-of.ts'
import { nameAmong } from './release-words.ts'
import { seeApp } from './see-app.ts'

/** `releaser status`: what every host serves, since when and by whom, how it is, and how its app is. */
export async function run(call: Call): Promise<Outcome> {
  const loaded = await loadConfig({ file: call.globals.config, cwd: process.cwd() })
  const targets = call.values['target'] === undefined ? [...loaded.targets.values()] : pickTargets(loaded, call.values['target'])
  const answers = await factsOf(call, destinations(targets, call.values['host']), (asked) => seeApp(call, asked))
  const hosts = answers.map(hostStatus)
  const text = statusTable(answers)
  if (answers.some(({ error }) => error)) {
    // The table is worth having although a host is missing from it.
    call.ui.data(text)
    demandAnswers(call, answers, { hosts })
  }
  return { result: { hosts }, text }
}

function hostStatus(answer: Answer<AppState>) {
  const { target, host, facts, seen } = answer
  const common = { target: target.name, host: host.name, path: facts?.root ?? host.path, reachable: facts !== null }
  if (!facts)
    return {
      ...common,
      current: null,
      previous: null,
      app: null,
      healthy: null,
      appProblem: null,
      lock: null,
      backup: null,
      freeBytes: null,
      drift: null,
      error: answer.error.message,
    }
  const { current, previous, pinned } = viewOf(facts)
  return {
    ...common,
    current: current && {
      id: current.id,
      version: current.version,
      since: isoOf(facts.state?.since),
      by: facts.state?.by ?? null,
    },
    previous: previous && { id: previous.id, version: previous.version },
    pinned,
    app: seen.app,
    healthy: seen.healthy,
    appProblem: seen.problem,
    lock: lockOf(facts),
    // Backups and drift are not looked at yet.
    backup: null,
    freeBytes: facts.freeBytes,
    drift: null,
    unsettled: facts.unsettled !== null,
  }
}

function statusTable(answers: readonly Answer<AppState>[]): string {
  const now = new Date()
  const rows = answers.map(({ target, host, facts, seen }) => {
    if (!facts) return [target.name, host.name, 'unreachable']
    const { current, previous, releases } = viewOf(facts)
    return [
      target.name,
      host.name,
      current ? nameAmong(current, releases) : '-',
      facts.state?.since ? `${ago(new Date(facts.state.since * 1000), now)} by ${facts.state.by ?? '?'}` : '-',
      previous ? nameAmong(previous, releases) : '-',
      seen.app === null ? '-' : seen.app.running ? 'runs' : 'down',
      seen.healthy === null ? '-' : seen.healthy ? 'good' : 'bad',
      facts.freeBytes === null ? '-' : size(facts.freeBytes),
      remarks(facts, seen),
    ]
  })
  return table(['target', 'host', 'current', 'since', 'previous', 'app', 'health', 'free', ''], rows)
}

function remarks(facts: Facts, { problem }: AppState): string {
  return [
    problem,
    facts.frozen && `frozen by ${lockInWords(facts.frozen)}`,
    facts.lock && `locked by ${lockInWords(facts.lock)}`,
    facts.unsettled && 'a deploy was cut off: the next one settles it',
    facts.current.kind === 'foreign' && `current is ${facts.current.what}`,
    viewOf(facts).pinned.length > 0 && 'pinned',
  ]
    .filter(Boolean)
    .join(', ')
}

/** Who is at work there, or else who froze it. */
function lockOf({ lock, frozen }: Facts) {
  const one = lock ?? frozen
  return one && { by: one.by, since: isoOf(one.since), message: one.message, where: one.where, frozen: one.frozen }
}

function isoOf(seconds: number | null | undefined): string | null {
  return seconds ? new Date(seconds * 1000).toISOString() : null
}
