import { loadConfig, pickTargets } from '../local/config.ts'
import { ReleaserError } from '../model/errors.ts'
import { viewOf } from '../model/host-view.ts'
import { mergedHistory } from '../model/merged-history.ts'
import { rolloutOf } from '../model/transaction.ts'
import { historyPicture, told } from '../ui/history-picture.ts'
import { table } from '../ui/table.ts'
import type { Call, Outcome } from './command.ts'
import { destinations } from './destinations.ts'
import { type Answer, demandAnswers, factsOf, noCloser } from './facts-of.ts'
import { glanceOf } from './glance.ts'
import { memoryAt } from './memory.ts'

/**
 * `releaser history`: who did what on a target's hosts, from where, with what result; newest first. A rollout is one row, whatever hosts
 * it went over; for scripts, and with `--verbose`, each host has its own.
 */
export async function run(call: Call): Promise<Outcome> {
  const limit = Number(call.values['limit'] ?? 20)
  if (!Number.isInteger(limit) || limit < 1)
    throw new ReleaserError('USAGE', `limit=${call.values['limit']} is no number from 1 on`, { hint: 'for instance limit=50' })
  const loaded = await loadConfig({ file: call.globals.config, cwd: process.cwd() })
  const answers = await factsOf(
    call,
    destinations(
      await pickTargets(loaded, call.values['target'], call.signal),
      call.values['host'],
      memoryAt(loaded, call).recall,
    ),
    noCloser,
  )
  const all = answers.flatMap(entriesOf).sort((a, b) => Date.parse(b.at) - Date.parse(a.at))
  const entries = all.slice(0, limit)
  demandAnswers(call, answers, { entries })
  const shown = call.globals.verbose ? entries : mergedHistory(all).slice(0, limit)
  const rows = shown.map((entry) => {
    const { when, release, result, took } = told(entry)
    return [when, entry.host, entry.action, release, entry.by, result, took]
  })
  const text =
    rows.length === 0
      ? 'nothing has happened there yet'
      : table(['when (UTC)', 'host', 'what', 'release', 'by', 'result', 'took'], rows, ['took'])
  const glances = answers.map((answer) => glanceOf(answer, null))
  const now = Date.now()
  return { result: { entries }, text, picture: (screen) => historyPicture(shown, glances, now, screen) }
}

function entriesOf({ target, host, facts }: Answer) {
  if (!facts) return []
  const versions = new Map(viewOf(facts).releases.map(({ id, version }) => [id, version]))
  // Newest first; what happened within one second keeps its order.
  return [...facts.history].reverse().map((entry) => ({
    at: new Date(entry.at * 1000).toISOString(),
    rollout: rolloutOf(entry.transaction),
    target: target.name,
    host: host.name,
    action: entry.action,
    release: entry.release,
    version: entry.release && (versions.get(entry.release) ?? entry.release),
    previous: entry.previous,
    by: entry.by,
    from: entry.from,
    ok: entry.ok,
    durationMs: entry.seconds * 1000,
    result: entry.result,
  }))
}
