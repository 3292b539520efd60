import { howItEnded, runLocalHook } from '../local/hooks.ts'
import type { HookName } from '../model/config.ts'
import { type ErrorCode, ReleaserError } from '../model/errors.ts'
import type { PerApp } from '../model/per-app.ts'
import type { SwitchAction } from '../model/plan.ts'
import type { Target } from '../model/target.ts'
import type { Call } from './command.ts'

/** The parts of a release that a hook gets to know. */
interface HookRelease {
  readonly id: string
  readonly version: string
  readonly digest: string
}

/** What every local hook of a rollout gets to know, as `RELEASER_*` and as JSON on stdin. */
export interface HookFacts {
  readonly action: SwitchAction
  /** Each target learns its app's. */
  readonly releases: PerApp<HookRelease>
  readonly dryRun: boolean
  readonly hosts: readonly { readonly target: string; readonly host: string; readonly previous: string | null }[]
}

/** Runs a hook here, once for each target that has it and whose app takes part; fails as `code`, naming the hook and what it said last. */
export async function localHook(
  call: Call,
  options: {
    readonly name: HookName
    readonly targets: readonly Target[]
    readonly dir: string
    readonly facts: HookFacts
    readonly code: ErrorCode
  },
): Promise<void> {
  const { name, facts } = options
  const { releases, ...about } = facts
  for (const target of options.targets) {
    const hook = target.hooks[name]
    const release = releases.get(target.app)
    if (hook === undefined || release === undefined) continue
    const hosts = facts.hosts.filter((host) => host.target === target.name)
    call.ui.observe({ event: 'step', host: null, step: name, state: 'start' })
    const ended = await runLocalHook({
      name,
      hook,
      cwd: options.dir,
      signal: call.signal,
      env: {
        RELEASER_APP: target.app,
        RELEASER_TARGET: target.name,
        RELEASER_HOST: hosts.map(({ host }) => host).join(','),
        RELEASER_GROUP: '',
        RELEASER_RELEASE: release.id,
        RELEASER_VERSION: release.version,
        RELEASER_PREVIOUS: hosts[0]?.previous ?? '',
        RELEASER_PATH: target.path,
        RELEASER_RELEASE_DIR: '',
        RELEASER_DRY_RUN: facts.dryRun ? '1' : '',
      },
      stdin: { hook: name, app: target.app, target: target.name, group: null, ...about, release: only(release), hosts },
      onOutput: (line) => call.ui.observe({ event: 'output', host: null, step: name, line }),
    })
    call.ui.observe({ event: 'step', host: null, step: name, state: ended.ok ? 'ok' : 'failed' })
    if (ended.stopped === 'abort') throw new ReleaserError('INTERRUPTED', 'stopped')
    if (!ended.ok)
      throw new ReleaserError(options.code, `the hook ${name} ${howItEnded(ended)}`, {
        hint: `mend the hook ${name} of ${target.name}`,
      })
  }
}

/** Whoever calls may hand over more, such as the list of all its files. */
function only({ id, version, digest }: HookRelease): HookRelease {
  return { id, version, digest }
}
