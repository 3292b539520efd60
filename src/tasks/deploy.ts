import type { HookName } from '../model/config.ts'
import { type HostRelease, NO_STATE } from '../model/host-state.ts'
import { type HostView, viewOf } from '../model/host-view.ts'
import { type Manifest, treeBytes } from '../model/manifest.ts'
import type { Facts, Plan, Step, Transfer } from '../model/plan.ts'
import type { Host, Target } from '../model/target.ts'
import { activation } from './activation.ts'
import { hookStep } from './hook-step.ts'
import { gone, pruneAfter, strays } from './leaving.ts'
import { refuseOtherMachine, refuseUnfit } from './refusals.ts'
import { nextState, stateAfter, without } from './remembering.ts'
import { envHash, layoutWord, placed, placedOld, settingsOf } from './service.ts'

/** The release that is to serve, as a plan needs it; `manifest` null where it lies on the hosts already. */
export interface Wanted {
  readonly id: string
  readonly version: string
  readonly digest: string
  readonly manifest: Manifest | null
  /** What its programs were built for, as words. */
  readonly platforms?: readonly string[]
  /** What kind of OTP release it is; where there is a manifest, that tells. */
  readonly layout?: string
}

export interface DeployInput {
  readonly action: 'deploy' | 'rollback'
  readonly target: Target
  readonly host: Host
  readonly release: Wanted
  readonly facts: Facts
  /** Releases whose manifests this machine has: one of them can be the base of the manifest that travels. */
  readonly knownManifests: ReadonlySet<string>
  /** Deploy again although it serves already. */
  readonly force: boolean
  readonly by: string
  readonly dryRun: boolean
  /** The app's environment on this host. */
  readonly appEnv?: Readonly<Record<string, string>>
  /** Whether this is the first host of the rollout: the one that migrates. True if left out. */
  readonly first?: boolean
}

/** A plan without steps is a no-op: the host serves this release already, with these links. */
export function planDeploy(input: DeployInput): Plan {
  const { target, host, release, facts, action } = input
  const view = viewOf(facts)
  const there = view.releases.find(
    (candidate) => candidate.id === release.id && (action === 'rollback' || sameLinks(candidate, input)),
  )
  const served = there !== undefined && view.current?.dir === there.dir
  const need = there ? NOTHING : spaceFor(release.manifest ?? [])
  refuseUnfit(facts, { app: target.app, target: target.name, host: host.name }, need)
  if (!there && !input.force)
    refuseOtherMachine(facts, { host: host.name, version: release.version, platforms: release.platforms ?? [] })
  const dir = there && !(input.force && served) ? there.dir : freeDir(release.id, facts.dirs)
  const lay = there === undefined || dir !== there.dir
  const layout = release.manifest ? layoutWord(release.manifest) : (release.layout ?? there?.layout)
  const services = {
    old: placedOld(target, view.current),
    new: placed(target, { id: release.id, dir, ...(layout === undefined ? {} : { layout }) }),
  }
  const settings = settingsOf(target, services.new)
  const appEnv = input.appEnv ?? {}
  const configure = envHash(appEnv) !== facts.appEnv
  const runsAsAsked = !configure && facts.state?.settings === settings && (services.new === null || facts.app?.dir === dir)
  // What died here is settled first, even where nothing else is to be done: the plan is void then, and made anew. And what
  // serves while somebody is at work may be about to go back.
  const idle = served && runsAsAsked && !input.force && facts.unsettled === null && !facts.litter && facts.lock === null
  const remembered = { ...input, release: { ...release, layout }, settings }
  const next = nextState(remembered, view, dir, idle)
  const prune = idle
    ? strays(facts, view)
    : [...new Set([...pruneAfter(next, view, target.keep), ...gone(facts).filter((stale) => stale !== dir)])]
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
    transfer: lay ? transferFrom(view, input) : null,
    steps: idle ? pruning(prune) : stepsOf(input, view, { dir, lay, configure, services }, prune),
    next: without(next, prune),
    failed: stateAfter('failed', facts.state ?? NO_STATE, view, remembered, dir, lay),
    bad: stateAfter('bad', facts.state ?? NO_STATE, view, remembered, dir, lay),
    env: environment(input, view, facts.root),
  }
}

const NOTHING = { bytes: 0, inodes: 0 }

/** Room for the tree laid out, and a tenth more. */
function spaceFor(manifest: Manifest): { bytes: number; inodes: number } {
  return { bytes: Math.ceil((treeBytes(manifest) + manifest.length * 4096) * 1.1), inodes: manifest.length + 100 }
}

/** Whether a release on the host carries just the links to `shared/` that the config asks for. */
function sameLinks({ dir }: HostRelease, { target, facts }: DeployInput): boolean {
  const laid = facts.overlays.filter((overlay) => overlay.dir === dir).map(({ path }) => path)
  const asked = [...(target.shared?.dirs ?? []), ...(target.shared?.files ?? [])]
  return laid.length === asked.length && asked.every((path) => laid.includes(path))
}

/** `releases/ID`, or `ID~2` and so on where the release is laid out once more. */
function freeDir(id: string, dirs: readonly string[]): string {
  if (!dirs.includes(id)) return id
  let copy = 2
  while (dirs.includes(`${id}~${copy}`)) copy++
  return `${id}~${copy}`
}

function transferFrom(view: HostView, { knownManifests, target }: DeployInput): Transfer {
  const sources = [view.current, ...view.releases].filter((release): release is HostRelease => release !== null)
  const unique = sources.filter((release, index) => sources.findIndex(({ id }) => id === release.id) === index)
  return {
    base: unique.find(({ id }) => knownManifests.has(id))?.id ?? null,
    reuse: { from: unique.slice(0, 3).map(({ id, dir }) => ({ id, dir })), by: target.reuse ?? 'copy' },
  }
}

function stepsOf(input: DeployInput, view: HostView, laid: Laid, prune: readonly string[]): Step[] {
  const { release, target, first = true } = input
  const { dir, lay, configure, services } = laid
  const shared = { dirs: target.shared?.dirs ?? [], files: target.shared?.files ?? [] }
  const links: Step[] = shared.dirs.length + shared.files.length > 0 ? [{ step: 'link', release: release.id, ...shared }] : []
  const arrive: Step[] = [
    { step: 'receive', release: release.id, digest: release.digest },
    ...links,
    { step: 'publish', release: release.id, dir, digest: release.digest },
  ]
  const hook = (name: HookName) => hookStep(target, name, { dir, release: 'new', first })
  const configuring: Step[] = [...hook('pre-configure'), ...(configure ? [CONFIGURE] : []), ...hook('post-configure')]
  const from = view.current?.dir ?? null
  return [
    ...(lay ? arrive : []),
    ...configuring,
    ...(lay && input.action === 'deploy' ? hook('post-upload') : []),
    ...activation({ target, action: input.action, from, dir, services, version: release.version, first }),
    ...pruning(prune),
  ]
}

const CONFIGURE: Step = { step: 'configure' }

/** Where the release is to serve from, and what has to be done for that. */
interface Laid {
  readonly dir: string
  readonly lay: boolean
  readonly configure: boolean
  readonly services: Plan['services']
}

function pruning(dirs: readonly string[]): Step[] {
  return dirs.length === 0 ? [] : [{ step: 'prune', dirs }]
}

/** What every command of this plan gets, beside what the agent adds (RELEASER_HOOK, RELEASER_RELEASE_DIR). */
function environment({ target, host, release, dryRun }: DeployInput, view: HostView, root: string): Record<string, string> {
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
