import { loadConfig, pickTargets } from '../local/config.ts'
import { viewOf } from '../model/host-view.ts'
import { table } from '../ui/table.ts'
import type { Call, Outcome } from './command.ts'
import { destinations } from './destinations.ts'
import { type Answer, demandAnswers, factsOf, noCloser } from './facts-of.ts'

/** `releaser releases target=…`: the releases that lie on a target's hosts, newest first. */
export async function run(call: Call): Promise<Outcome> {
  const loaded = await loadConfig({ file: call.globals.config, cwd: process.cwd() })
  const answers = await factsOf(call, destinations(pickTargets(loaded, call.values['target']), call.values['host']), noCloser)
  const hosts = answers.flatMap(hostReleases)
  demandAnswers(call, answers, { hosts })
  const rows = hosts.flatMap(({ host, current, previous, releases }) =>
    releases.map(({ id, version, state, pinned }) => {
      const marks = [id === current && 'current', id === previous && 'previous', pinned && 'pinned']
      return [host, version, id, state, marks.filter(Boolean).join(', ')]
    }),
  )
  return {
    result: { hosts },
    text: rows.length === 0 ? 'there are no releases on these hosts yet' : table(['host', 'version', 'id', 'state', ''], rows),
  }
}

function hostReleases({ target, host, facts }: Answer) {
  if (!facts) return []
  const { current, previous, releases, pinned } = viewOf(facts)
  return [
    {
      target: target.name,
      host: host.name,
      current: current?.id ?? null,
      previous: previous?.id ?? null,
      releases: releases.map(({ id, dir, version, state }) => ({ id, dir, version, state, pinned: pinned.includes(id) })),
    },
  ]
}
