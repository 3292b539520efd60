import type { LaidBackup } from '../model/backup.ts'
import type { HookName } from '../model/config.ts'
import { type HostRelease, NO_STATE } from '../model/host-state.ts'
import { type HostView, viewOf } from '../model/host-view.ts'
import type { Facts, Plan, Step, SwitchAction } from '../model/plan.ts'
import type { Host, Target } from '../model/target.ts'
import { activation } from './activation.ts'
import { freeDir, NOTHING, sameLinks, spaceFor, transferFrom } from './arrival.ts'
import { backupFirst } from './backup-first.ts'
import { hookStep } from './hook-step.ts'
import { gone, pruneAfter, strays } from './leaving.ts'
import { onceAllLocked } from './once-all-locked.ts'
import { planEnv } from './plan-env.ts'
import { refuseGone, refuseOtherMachine, refuseUnfit } from './refusals.ts'
import { across, nextState, stateAfter, without } from './remembering.ts'
import { restoration } from './restore.ts'
import { envHash, hooksIn, layoutWord, placed, placedOld, settingsOf, unitSteps } from './service.ts'
import { signing } from './signed.ts'
import { type RenderInput, renderedSo, rendering } from './templates.ts'
import type { Wanted } from './wanted.ts'
import { wayBack } from './way-back.ts'

export interface DeployInput {
  readonly action: SwitchAction
  readonly target: Target
  readonly host: Host
  readonly release: Wanted
  readonly facts: Facts
  /** Releases whose manifests this machine has: one of them can be the base of the manifest that travels. */
  readonly knownManifests: ReadonlySet<string>
  /** Deploy again although it serves already. */
  readonly force: boolean
  /** Lay it out again wherever it lies: what is there is not to be trusted. */
  readonly afresh?: boolean
  /** Ids that have a name in the store, and which; they are not pruned. */
  readonly named?: ReadonlyMap<string, string>
  readonly by: string
  readonly dryRun: boolean
  /** The app's environment on this host. */
  readonly appEnv?: Readonly<Record<string, string>>
  /** Which of its variables are shown nowhere. */
  readonly secrets?: readonly string[]
  /** Whether this is the first host of the rollout: the one that migrates. True if left out. */
  readonly first?: boolean
  /** A backup of the release's time, whose data comes back with it. */
  readonly backup?: LaidBackup
}

/** A plan without steps is a no-op: the host serves this release already, with these links. */
export function planDeploy(input: DeployInput): Plan {
  const { target, host, release, facts, action } = input
  const view = viewOf(facts)
  const env = planEnv(input, view, facts.root)
  const { appEnv = {}, secrets = [], first = true } = input
  const render = { target, appEnv, env, secrets }
  const goesBack = action === 'rollback' || (action === 'activate' && release.id < (view.current?.id ?? ''))
  const migrates = target.migrate !== undefined && !goesBack
  const onHost = action !== 'deploy'
  const here = view.releases.filter(({ id, dir }) => id === release.id && (onHost || sameLinks(dir, input)))
  const there = here.find(({ dir }) => renderedSo(facts, dir, render))
  const source = onHost && !there ? here[0] : undefined
  const served = there !== undefined && view.current?.dir === there.dir
  const need = there ? NOTHING : spaceFor(release.manifest ?? [])
  refuseUnfit(facts, { app: target.app, target: target.name, host: host.name }, need)
  // Where it was lost the machine that goes back may bring it again.
  if (onHost && release.manifest === null) refuseGone(here, release.id, input)
  if (!there && !input.force)
    refuseOtherMachine(facts, { host: host.name, version: release.version, platforms: release.platforms ?? [] })
  const dir = there && !(input.force && served) && input.afresh !== true ? there.dir : freeDir(release.id, facts.dirs)
  const lay = there === undefined || dir !== there.dir
  // Only of what was switched to once it is known that its post-upload went well.
  const upload = action === 'deploy' && (lay || there.state === 'staged' || there.state === 'failed')
  const layout = release.manifest ? layoutWord(release.manifest) : (release.layout ?? (there ?? source)?.layout)
  const hooks = release.manifest ? hooksIn(release.manifest, layout) : (release.hooks ?? (there ?? source)?.hooks)
  const services = {
    old: placedOld(target, view.current, facts.unit),
    new: placed(
      target,
      { id: release.id, dir, version: release.version, ...(layout === undefined ? {} : { layout }) },
      { host, facts },
    ),
  }
  const unit = unitSteps(facts, services.new?.unit ?? null)
  const backup = goesBack ? [] : backupFirst(input)
  const settings = settingsOf(target, services.new)
  const configure = envHash(appEnv) !== facts.appEnv
  const runs = services.new === null || (facts.app?.dir === dir && (services.new.unit === null || facts.unit?.active === true))
  const runsAsAsked = !configure && unit.length === 0 && facts.state?.settings === settings && runs
  // What died here is settled first, even where nothing else is to be done: the plan is void then, and made anew. And what
  // serves while somebody is at work may be about to go back.
  const idle = served && runsAsAsked && !input.force && facts.unsettled === null && !facts.litter && facts.lock === null
  const remembered = { ...input, release: { ...release, layout, hooks }, settings, migrates }
  const crossed = goesBack && !idle && !input.backup ? across(facts, view.current?.id, release.id) : undefined
  const next = nextState(remembered, view, dir, idle)
  const prune = idle
    ? strays(facts, view)
    : [...new Set([...pruneAfter(next, view, target.keep, input.named), ...gone(facts).filter((stale) => stale !== dir)])]
  return {
    action,
    app: target.app,
    target: target.name,
    host: host.name,
    release: { id: release.id, version: release.version, digest: release.digest },
    from: view.current?.id ?? null,
    seq: facts.seq,
    services,
    appEnv,
    transfer: lay && !source ? transferFrom(view, input) : null,
    steps: idle
      ? [...unpinning(input, view), ...pruning(prune)]
      : stepsOf(input, view, { dir, lay, upload, source, backup, configure, render, unit, services, hooks, migrates }, prune),
    next: without(next, prune),
    failed: stateAfter('failed', facts.state ?? NO_STATE, view, remembered, dir, lay),
    bad: stateAfter('bad', facts.state ?? NO_STATE, view, remembered, dir, lay),
    env,
    ...(idle ? {} : wayBack({ target, old: view.current, come: { id: release.id, dir, hooks }, services, first })),
    ...(crossed && { across: crossed }),
  }
}

function stepsOf(input: DeployInput, view: HostView, laid: Laid, prune: readonly string[]): Step[] {
  const { release, target, first = true } = input
  const { dir, lay, upload, source, configure, render, unit, services, hooks, migrates } = laid
  const { id, digest } = release
  const shared = { dirs: target.shared?.dirs ?? [], files: target.shared?.files ?? [] }
  const links: Step[] = shared.dirs.length + shared.files.length > 0 ? [{ step: 'link', release: id, ...shared }] : []
  const again: Step[] = source
    ? [{ step: 'again', release: id, digest: source.digest, from: source.dir, by: target.reuse ?? 'copy' }]
    : []
  const vouched = signing(input)
  const arrive: Step[] = [
    ...(source ? again : [{ step: 'receive', release: id, digest } as const, ...links]),
    ...vouched,
    { step: 'publish', release: id, dir, digest },
  ]
  const hook = (name: HookName) => hookStep(target, name, { dir, release: 'new', first, own: hooks })
  const configuring: Step[] = [
    ...hook('pre-configure'),
    ...(configure ? [CONFIGURE] : []),
    ...(lay ? rendering(render, dir) : []),
    ...hook('post-configure'),
  ]
  const from = view.current?.dir ?? null
  return onceAllLocked([
    ...(lay ? arrive : vouched),
    ...laid.backup,
    ...configuring,
    ...(upload ? hook('post-upload') : []),
    ...activation({
      target,
      migrates,
      own: { old: view.current?.hooks, new: hooks },
      from,
      dir,
      unit,
      services,
      first,
      ...(input.backup && { restore: restoration(target, input.backup, { from: from ?? dir, dir }) }),
    }),
    ...pruning(prune),
  ])
}

const CONFIGURE: Step = { step: 'configure' }

/** Where the release is to serve from, and what has to be done for that. */
interface Laid {
  readonly dir: string
  readonly lay: boolean
  /** Whether `post-upload` has not done its work in it yet. */
  readonly upload: boolean
  /** Where it is laid out again from, on the host itself. */
  readonly source: HostRelease | undefined
  readonly backup: readonly Step[]
  readonly configure: boolean
  readonly unit: readonly Step[]
  readonly render: RenderInput
  readonly services: Plan['services']
  readonly hooks: readonly string[] | undefined
  readonly migrates: boolean
}

/** Whoever asks for what serves already wants to have it, and not to be held to it any more: the host writes that down. */
function unpinning({ action }: DeployInput, { pinned }: HostView): Step[] {
  return action === 'rollback' || pinned.length === 0 ? [] : [{ step: 'await', word: 'activate' }]
}

function pruning(dirs: readonly string[]): Step[] {
  return dirs.length === 0 ? [] : [{ step: 'prune', dirs }]
}
