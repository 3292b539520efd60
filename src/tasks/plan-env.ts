import type { HostView } from '../model/host-view.ts'
import type { Host, Target } from '../model/target.ts'

interface PlanEnvInput {
  readonly target: Pick<Target, 'name' | 'app'>
  readonly host: Pick<Host, 'name'>
  readonly release: { readonly id: string; readonly version: string }
  readonly dryRun: boolean
}

/** What every command of this plan gets, beside what the agent adds (RELEASER_HOOK, RELEASER_RELEASE_DIR). */
export function planEnv({ target, host, release, dryRun }: PlanEnvInput, view: HostView, root: string): Record<string, string> {
  return {
    RELEASER_APP: target.app,
    RELEASER_TARGET: target.name,
    RELEASER_HOST: host.name,
    RELEASER_GROUP: '',
    RELEASER_RELEASE: release.id,
    RELEASER_VERSION: release.version,
    RELEASER_PREVIOUS: view.current?.id ?? '',
    RELEASER_PATH: root,
    RELEASER_DRY_RUN: dryRun ? '1' : '',
  }
}
