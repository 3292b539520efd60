import { loadConfig, targetsOrAll } from '../local/config.ts'
import { foldNames } from '../model/fold-names.ts'
import type { Glance } from '../model/glance.ts'
import { viewOf } from '../model/host-view.ts'
import { apartAmong } from '../model/lagging.ts'
import type { Facts } from '../model/plan.ts'
import { size } from '../model/size.ts'
import { manyLines } from '../ui/sanitize.ts'
import type { Picture } from '../ui/screen.ts'
import { statusPicture } from '../ui/status-picture.ts'
import { table } from '../ui/table.ts'
import { ago } from '../ui/time.ts'
import { fold } from '../ui/width.ts'
import type { Call, Outcome } from './command.ts'
import { destinations } from './destinations.ts'
import { type Answer, demandAnswers, factsOf } from './facts-of.ts'
import { glanceOf, type Seen } from './glance.ts'
import { type Behind, lagOf, lagsInWords, withApart } from './lagging.ts'
import { memoryAt } from './memory.ts'
import { inWords, isAmong, type OpenRollout, openRollouts } from './open-rollouts.ts'
import { seeHost } from './see-host.ts'

/** `releaser status`: what every host serves, since when and by whom, how it is, and how its app is. */
export async function run(call: Call): Promise<Outcome> {
  const loaded = await loadConfig({ file: call.globals.config, cwd: process.cwd() })
  const targets = await targetsOrAll(loaded, call.values['target'], call.signal)
  const memory = memoryAt(loaded, call)
  const answers = await factsOf(call, destinations(targets, call.values['host'], memory.recall), (asked) => seeHost(call, asked))
  const open = await openRollouts(loaded, answers)
  const now = new Date()
  const plain = answers.map((answer) => glanceOf(answer, answer.seen))
  const apart = apartAmong(plain, await memory.deployments())
  const seen = answers.map((answer, index) => {
    const glance = plain[index] as Glance
    const rollout = behindIn(answer, open)
    const one = rollout ? undefined : apart.get(glance)
    return {
      glance: rollout ? withOpen(glance, rollout) : withApart(glance, one, now),
      status: hostStatus(answer, rollout ? behindOf(answer, rollout) : lagOf(one)),
      lag: one?.how === 'behind' ? [{ ...one, host: glance.host, target: glance.target }] : [],
    }
  })
  const glances = seen.map(({ glance }) => glance)
  const hosts = seen.map(({ status }) => status)
  const below = belowTable(open) + lagsInWords(seen.flatMap(({ lag }) => lag))
  const text = statusTable(glances, now) + below
  const picture: Picture = (screen) => statusPicture(glances, now.getTime(), screen) + folded(below, screen.columns)
  const rollouts = open.map(rolloutJson)
  if (answers.some(({ error }) => error)) {
    // The table is worth having although a host is missing from it.
    call.ui.data(text, picture)
    demandAnswers(call, answers, { hosts, rollouts })
    return { result: { hosts, rollouts }, text: '' }
  }
  return { result: { hosts, rollouts }, text, picture }
}

/** The rollout that stays on others and not on this host. */
function behindIn(answer: Answer<Seen>, open: readonly OpenRollout[]): OpenRollout | undefined {
  return open.find(({ on, behind }) => on.length > 0 && isAmong(behind, answer))
}

function withOpen(glance: Glance, rollout: OpenRollout): Glance {
  const others = foldNames(rollout.on.map(({ host }) => host))
  const text = `stays behind ${others}: releaser resume target=${glance.target}`
  return { ...glance, remarks: [...glance.remarks, { text, wrong: true }] }
}

/** Lines of a terminal: no wider than it is, and with nothing in them that would steer it. */
function folded(text: string, columns: number): string {
  const lines = manyLines(text).split('\n')
  return lines.map((line) => fold(line, columns).join('\n')).join('\n')
}

/** What the table cannot say: rollouts that came to no end, by their names, and how that is settled. */
function belowTable(open: readonly OpenRollout[]): string {
  return open
    .map((rollout) => {
      const targets = [...new Set([...rollout.on, ...rollout.behind, ...rollout.unknown].map(({ target }) => target))].join(',')
      return `\n\nrollout ${rollout.rollout.slice(0, 12)}: ${inWords(rollout)}\nsettle it: releaser resume target=${targets}`
    })
    .join('')
}

function hostStatus(answer: Answer<Seen>, behind: Behind | null) {
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
      behind,
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
    backup: seen.backup && { last: seen.backup.last, ok: seen.backup.ok, overdue: seen.backup.overdue, ...proven(seen.proof) },
    freeBytes: facts.freeBytes,
    // Drift is not looked at yet.
    drift: null,
    unsettled: facts.unsettled !== null,
    behind,
  }
}

function statusTable(glances: readonly Glance[], now: Date): string {
  const rows = glances.map(({ target, host, silent, serves, previous, running, healthy, freeBytes, remarks }) => {
    const last = remarks.map(({ text }) => text).join(', ')
    if (silent !== null) return [target, host, 'unreachable', '', '', '', '', '', last]
    return [
      target,
      host,
      serves ? serves.name : '-',
      serves?.since ? `${ago(new Date(serves.since), now)} by ${serves.by ?? '?'}` : '-',
      previous ?? '-',
      running === null ? '-' : running ? 'runs' : 'down',
      healthy === null ? '-' : healthy ? 'good' : 'bad',
      freeBytes === null ? '-' : size(freeBytes),
      last,
    ]
  })
  return table(['target', 'host', 'current', 'since', 'previous', 'app', 'health', 'free', ''], rows)
}

/** Who is at work there, or else who froze it. */
function lockOf({ lock, frozen }: Facts) {
  const one = lock ?? frozen
  return one && { by: one.by, since: isoOf(one.since), message: one.message, where: one.where, frozen: one.frozen }
}

function behindOf({ target }: Answer<Seen>, { rollout, releases }: OpenRollout): Behind {
  return { rollout, release: releases.get(target.app)?.id ?? null }
}

/** Of one app its release; of several `releases`. */
function rolloutJson({ rollout, action, releases, ...told }: OpenRollout) {
  const all = [...releases].map(([app, { id, version }]) => ({ id, app, version }))
  return { rollout, action, ...(all.length > 1 ? { releases: all } : { release: all[0]?.id ?? null }), ...told }
}

/** The last backup that was proven to be restorable, and when. */
function proven(proof: Seen['proof']) {
  return proof ? { proven: proof.good, provenName: proof.name, proofOverdue: proof.overdue } : {}
}

function isoOf(seconds: number | null | undefined): string | null {
  return seconds ? new Date(seconds * 1000).toISOString() : null
}
