import { seconds } from '../model/duration.ts'
import { type HostRelease, type HostState, NO_STATE } from '../model/host-state.ts'
import { type HostView, viewOf } from '../model/host-view.ts'
import { type Manifest, treeBytes } from '../model/manifest.ts'
import type { Facts, Plan, Step, Transfer } from '../model/plan.ts'
import type { Host, Target } from '../model/target.ts'
import { gone, pruneAfter, strays } from './leaving.ts'
import { refuseUnfit } from './refusals.ts'

/** The release that is to serve, as a plan needs it; `manifest` null where it lies on the hosts already. */
export interface Wanted {
  readonly id: string
  readonly version: string
  readonly digest: string
  readonly manifest: Manifest | null
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
  const dir = there && !(input.force && served) ? there.dir : freeDir(release.id, facts.dirs)
  const lay = there === undefined || dir !== there.dir
  // What died here is settled first, even where nothing else is to be done: the plan is void then, and made anew. And what
  // serves while somebody is at work may be about to go back.
  const idle = served && !input.force && facts.unsettled === null && !facts.litter && facts.lock === null
  const next = nextState(input, view, dir, idle)
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
    transfer: lay ? transferFrom(view, input) : null,
    steps: idle ? pruning(prune) : stepsOf(input, view, dir, lay, prune),
    next: without(next, prune),
    failed: failedState(facts.state ?? NO_STATE, view, input, dir, lay),
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

function stepsOf(input: DeployInput, view: HostView, dir: string, lay: boolean, prune: readonly string[]): Step[] {
  const { release, target } = input
  const shared = { dirs: target.shared?.dirs ?? [], files: target.shared?.files ?? [] }
  const links: Step[] = shared.dirs.length + shared.files.length > 0 ? [{ step: 'link', release: release.id, ...shared }] : []
  const arrive: Step[] = [
    { step: 'receive', release: release.id, digest: release.digest },
    ...links,
    { step: 'publish', release: release.id, dir, digest: release.digest },
    ...(input.action === 'deploy' ? command(target, 'post-upload', dir) : []),
  ]
  return [
    ...(lay ? arrive : []),
    { step: 'await', word: 'activate' },
    ...command(target, 'pre-activate', dir),
    { step: 'activate', dir, from: view.current?.dir ?? null },
    ...command(target, 'post-activate', dir),
    { step: 'confirm', seconds: target.confirmSeconds },
    ...pruning(prune),
  ]
}

function pruning(dirs: readonly string[]): Step[] {
  return dirs.length === 0 ? [] : [{ step: 'prune', dirs }]
}

const TEN_MINUTES = 600

function command(target: Target, hook: 'post-upload' | 'pre-activate' | 'post-activate', dir: string): Step[] {
  const found = target.hooks[hook]
  if (found === undefined) return []
  const { run, on, timeout, ignoreFailure } =
    typeof found === 'string' ? { run: found, on: undefined, timeout: undefined, ignoreFailure: undefined } : found
  if (on === 'local') return []
  return [
    {
      step: 'command',
      hook,
      run,
      dir,
      seconds: (timeout === undefined ? undefined : seconds(timeout)) ?? TEN_MINUTES,
      ignoreFailure: ignoreFailure ?? false,
    },
  ]
}

/** What the host remembers when the release is confirmed. A rollback goes back along what served, and pins where it stops. */
function nextState(input: DeployInput, view: HostView, dir: string, idle: boolean): HostState {
  const { release, facts, action } = input
  const others = view.releases.filter((other) => other.dir !== dir)
  const entry: HostRelease = { id: release.id, dir, version: release.version, digest: release.digest, state: 'good' }
  const served = action === 'rollback' ? backTo(release.id, view.served) : forwardTo(release.id, view.served)
  return {
    releases: [...others, entry],
    served,
    pinned: action === 'rollback' ? [release.id] : [],
    since: idle ? (facts.state?.since ?? null) : facts.time,
    by: idle ? (facts.state?.by ?? null) : input.by,
  }
}

function forwardTo(id: string, served: readonly string[]): string[] {
  return served.at(-1) === id ? [...served] : [...served.slice(-20), id]
}

function backTo(id: string, served: readonly string[]): string[] {
  const index = served.lastIndexOf(id)
  return index >= 0 ? served.slice(0, index + 1) : [...served.slice(0, -1), id]
}

/** What the host remembers when this release's own activation failed: all as it was, and that this one is bad. */
function failedState(state: HostState, view: HostView, { release }: DeployInput, dir: string, lay: boolean): HostState {
  const others = view.releases.filter((other) => other.dir !== dir)
  const bad: HostRelease = { id: release.id, dir, version: release.version, digest: release.digest, state: 'bad' }
  const kept = lay ? undefined : view.releases.find((other) => other.dir === dir)
  return { ...state, releases: [...others, kept?.state === 'good' ? kept : bad], served: view.served, pinned: view.pinned }
}

function without(state: HostState, dirs: readonly string[]): HostState {
  const releases = state.releases.filter(({ dir }) => !dirs.includes(dir))
  const there = new Set(releases.map(({ id }) => id))
  return { ...state, releases, served: state.served.filter((id) => there.has(id)) }
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
