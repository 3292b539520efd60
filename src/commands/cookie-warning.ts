import type { PerApp } from '../model/per-app.ts'
import type { Prepared } from '../rollout/host.ts'
import { cookieChanges } from '../tasks/cookies.ts'
import type { Wanted } from '../tasks/wanted.ts'
import type { Call } from './command.ts'

/** Says once, and without any cookie, that nodes of the release that comes cannot talk to those of the one that leaves. */
export function warnOfCookies({ ui }: Call, releases: PerApp<Wanted>, prepared: readonly Prepared[]): void {
  for (const [app, release] of releases) {
    const own = prepared.filter(({ target }) => target.app === app)
    const names = own.filter(({ plan, facts }) => cookieChanges(plan, release, facts)).map(({ host }) => host.name)
    if (names.length > 0)
      ui.warn(
        `${release.version} has another Erlang cookie than what serves on ${names.join(', ')}: their nodes cannot talk to each other. For one that stays, set RELEASE_COOKIE in the target's env or secrets, or cookie: in mix.exs`,
      )
  }
}
