import { loadConfig, pickTargets } from '../local/config.ts'
import { type HostRelease, UNKNOWN } from '../model/host-state.ts'
import { viewOf } from '../model/host-view.ts'
import { type Release, timeOf } from '../model/release.ts'
import { table } from '../ui/table.ts'
import { ago } from '../ui/time.ts'
import type { Call, Outcome } from './command.ts'
import { destinations } from './destinations.ts'
import { type Answer, demandAnswers, factsOf, noCloser } from './facts-of.ts'
import { memoryAt } from './memory.ts'
import { gitMark } from './release-shown.ts'

/** `releaser releases target=…`: the releases that lie on a target's hosts, newest first; where from, as far as the store knows. */
export async function run(call: Call): Promise<Outcome> {
  const loaded = await loadConfig({ file: call.globals.config, cwd: process.cwd() })
  const targets = await pickTargets(loaded, call.values['target'], call.signal)
  const memory = memoryAt(loaded, call)
  const [answers, known] = await Promise.all([
    factsOf(call, destinations(targets, call.values['host'], memory.recall), noCloser),
    memory.releases(targets.map(({ app }) => app)),
  ])
  const stored = new Map(known.map((release) => [release.id, release]))
  const hosts = answers.flatMap((answer) => hostReleases(answer, stored))
  demandAnswers(call, answers, { hosts })
  const now = new Date()
  const rows = hosts.flatMap(({ host, current, previous, releases }) =>
    releases.map(({ id, version, state, pinned, createdAt, git, tags }) => {
      const marks = [id === current && 'current', id === previous && 'previous', pinned && 'pinned', ...tags]
      const word = version === UNKNOWN ? '-' : version
      return [host, word, id, state, ago(new Date(createdAt), now), gitMark(git), marks.filter(Boolean).join(', ')]
    }),
  )
  return {
    result: { hosts },
    text:
      rows.length === 0
        ? 'there are no releases on these hosts yet'
        : table(['host', 'version', 'id', 'state', 'built', 'from', ''], rows),
  }
}

function hostReleases({ target, host, facts }: Answer, stored: ReadonlyMap<string, Release>) {
  if (!facts) return []
  const { current, previous, releases, pinned } = viewOf(facts)
  const shown = ({ id, dir, version, state }: HostRelease) => {
    const { createdAt = timeOf(id).toISOString(), git = null, tags = [] } = stored.get(id) ?? {}
    return { id, dir, version, state, pinned: pinned.includes(id), createdAt, git, tags }
  }
  return [
    {
      target: target.name,
      host: host.name,
      current: current?.id ?? null,
      previous: previous?.id ?? null,
      releases: releases.map(shown),
    },
  ]
}
