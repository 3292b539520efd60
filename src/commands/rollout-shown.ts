import { ReleaserError } from '../model/errors.ts'
import { foldNames } from '../model/fold-names.ts'
import { wordFor } from '../model/host-state.ts'
import type { PerApp } from '../model/per-app.ts'
import type { Host, Target } from '../model/target.ts'
import type { HostOutcome } from '../rollout/host.ts'

interface Brought {
  readonly id: string
  readonly version: string
  readonly digest: string
}

type Placed = { readonly target: Target; readonly host: Host }

/** `api 1.2.0, web 3.0.0`; with hosts, where each goes: `api 1.2.0 to web1, web2; web 3.0.0 to web3`. */
export function inShort(releases: PerApp<Brought>, hosts?: readonly Placed[]): string {
  const one = ([app, release]: readonly [string, Brought]): string => `${app} ${wordFor(release)}`
  if (!hosts) return [...releases].map(one).join(', ')
  const to = (app: string) => hosts.flatMap(({ target, host }) => (target.app === app ? [host.name] : []))
  return [...releases].map((entry) => `${one(entry)} to ${foldNames(to(entry[0]))}`).join('; ')
}

/** What is said of a rollout, however it ended. */
interface Shown {
  readonly releases: PerApp<Brought>
  readonly hosts: readonly HostOutcome[]
  readonly commits?: PerApp<unknown>
}

/**
 * A rollout in `--json`. Of one app: `release`, `hosts`, and in a dry run `commits`. Of several: `releases`, one for each app in their
 * order, with its own commits, and every host says its `app` and, by its id, the `release` that it was to get.
 */
export function rolloutJson({ releases, hosts, commits }: Shown, targets: readonly Target[]) {
  const target = [...new Set(hosts.map((host) => host.target))].join(',')
  const apps = new Map(targets.map(({ name, app }) => [name, app]))
  const all = [...releases].map(([app, { id, version, digest }]) => ({ id, app, version, digest }))
  const news = (app: string) => commits && { commits: commits.get(app) ?? null }
  const [one] = all
  // An app none of whose hosts could be reached is still one of several.
  if (new Set(apps.values()).size === 1) return { target, release: one, hosts, ...(one && news(one.app)) }
  const placed = hosts.map(({ target, host, ...outcome }) => {
    const app = apps.get(target) ?? null
    return { target, host, app, release: releases.get(app ?? '')?.id ?? null, ...outcome }
  })
  return { target, releases: all.map((release) => ({ ...release, ...news(release.app) })), hosts: placed }
}

/** The error of a rollout, with what its result would have said of releases and hosts. */
export function failedRollout(error: unknown, releases: PerApp<Brought>, targets: readonly Target[]): unknown {
  if (!(error instanceof ReleaserError) || !Array.isArray(error.result['hosts'])) return error
  const { code, message, hint, cause, question, result } = error
  const shown = rolloutJson({ releases, hosts: error.result['hosts'] as readonly HostOutcome[] }, targets)
  return new ReleaserError(code, message, { hint, cause, question, result: { ...shown, ...result, hosts: shown.hosts } })
}
