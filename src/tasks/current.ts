import { ReleaserError } from '../model/errors.ts'
import type { HostRelease } from '../model/host-state.ts'
import { viewOf } from '../model/host-view.ts'
import type { PlacedService } from '../model/service.ts'
import type { Target } from '../model/target.ts'
import { refuseForeign } from './refusals.ts'
import { placed } from './service.ts'
import type { UpkeepInput } from './upkeep.ts'

/** The release that serves on a host. Fails where there is none (NOT_FOUND), or the path is not this target's. */
export function currentOf({ target, host, facts }: UpkeepInput): HostRelease {
  refuseForeign(facts, { app: target.app, target: target.name, host: host.name })
  const { current } = viewOf(facts)
  if (current) return current
  throw new ReleaserError('NOT_FOUND', `${host.name}: nothing is deployed in ${facts.root}`, {
    hint: `deploy first: releaser deploy target=${target.name}`,
  })
}

/** How the app of the release that serves is run. Fails with CONFIG where nothing says how. */
export function runnerOf(target: Target, release: HostRelease): PlacedService {
  const service = placed(target, release)
  if (service) return service
  throw new ReleaserError('CONFIG', `target ${target.name}: nothing says how the app of ${release.id} is run`, {
    hint: "write runner: { start: 'exec ./server' } in the target; OTP releases are found out by themselves",
  })
}

/** `RELEASER_*` for a command in the release that serves, beside what the agent adds. */
export function currentEnv({ target, host, facts }: UpkeepInput): Readonly<Record<string, string>> {
  const { current, previous } = viewOf(facts)
  return {
    RELEASER_APP: target.app,
    RELEASER_TARGET: target.name,
    RELEASER_HOST: host.name,
    RELEASER_GROUP: '',
    RELEASER_RELEASE: current?.id ?? '',
    RELEASER_VERSION: current?.version ?? '',
    RELEASER_PREVIOUS: previous?.id ?? '',
    RELEASER_PATH: facts.root,
    RELEASER_HOOK: '',
    RELEASER_DRY_RUN: '',
  }
}
