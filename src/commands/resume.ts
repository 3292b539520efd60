import { type LoadedConfig, loadConfig, pickTargets } from '../local/config.ts'
import { verdictsIn } from '../local/verdicts.ts'
import { ReleaserError } from '../model/errors.ts'
import { ownOf } from '../model/per-app.ts'
import { refsInWords } from '../model/refs-of-apps.ts'
import { servedBefore } from '../model/rollout-releases.ts'
import type { Asked } from '../rollout/host.ts'
import type { Call, Outcome } from './command.ts'
import { destinations } from './destinations.ts'
import { eachApp } from './each-app.ts'
import { memoryAt } from './memory.ts'
import { inWords, isAmong, type OpenRollout, openRollouts } from './open-rollouts.ts'
import { openStoreAt } from './place.ts'
import { withHosts } from './with-hosts.ts'

/**
 * `releaser resume`: a rollout that stays on some hosts and went back on others comes to one end on all of them. The hosts say
 * which one that is, so any machine can do it; where one was cut off here, it is known which targets are meant. With `--back` it is the
 * end where it had begun.
 */
export async function run(call: Call): Promise<Outcome> {
  const { values, globals, ui } = call
  const loaded = await loadConfig({ file: globals.config, cwd: process.cwd() })
  const named = values['target'] ?? (await cutOffHere(loaded))
  if (!named)
    throw new ReleaserError('USAGE', 'no rollout was cut off here, and no target is named', {
      hint: 'say where one was: releaser resume target=NAME',
    })
  const targets = await pickTargets(loaded, named)
  const target = targets.map(({ name }) => name).join(',')
  const all = destinations(targets, values['host'], memoryAt(loaded, call).recall)
  const found = await withHosts(call, all, async ({ hosts }) => (await openRollouts(loaded, hosts)).map(halvesAmong(hosts)), {
    aside: true,
  })
  const [mixed, ...others] = found.filter(({ on, behind }) => on.length > 0 && behind.length > 0)
  if (!mixed)
    return { result: { target, changed: false, hosts: [] }, text: 'every rollout there came to one end: nothing to resume' }
  if (others.length > 0)
    throw new ReleaserError(
      'USAGE',
      `several rollouts are mixed there: ${[mixed, ...others].map(({ open }) => inWords(open)).join('; ')}`,
      {
        hint: 'take them one by one: name a target, or hosts with host=',
      },
    )
  ui.warn(inWords(mixed.open))
  const of = (hosts: readonly Asked[], more: Readonly<Record<string, string>>): Call => ({
    ...call,
    values: {
      target: [...new Set(hosts.map((each) => each.target.name))].join(','),
      host: [...new Set(hosts.map(({ host }) => host.name))].join(','),
      ...more,
    },
  })
  const outcome = values['back'] === 'true' ? await goBack(mixed, of) : await finish(call, mixed, of)
  return { ...outcome, result: { ...outcome.result, rollout: mixed.open.rollout } }
}

/** The targets of the newest rollout that was cut off on this machine. */
async function cutOffHere({ storeDir, targets }: LoadedConfig): Promise<string | undefined> {
  const [newest] = await verdictsIn(storeDir).list()
  if (!newest) return undefined
  return [...new Set(newest.hosts.map(({ target }) => target))].filter((name) => targets.has(name)).join(',')
}

/** A rollout, and which of the hosts that were asked are on which side of it. */
interface Halves {
  readonly open: OpenRollout
  readonly on: readonly Asked[]
  readonly behind: readonly Asked[]
}

function halvesAmong(hosts: readonly Asked[]): (open: OpenRollout) => Halves {
  return (open) => ({
    open,
    on: hosts.filter((host) => isAmong(open.on, host)),
    behind: hosts.filter((host) => isAmong([...open.behind, ...open.unknown], host)),
  })
}

type Of = (hosts: readonly Asked[], more: Readonly<Record<string, string>>) => Call

/** Brings it to those that lack it; the others are where they should be, and are left alone. */
async function finish(call: Call, { open, on, behind }: Halves, of: Of): Promise<Outcome> {
  const { action } = open
  const all = [...on, ...behind]
  const releases = await eachApp(all, async (app) => open.releases.get(app)?.id ?? nobodyKnows())
  const release = refsInWords(releases)
  // A rollback pins where it stops, and an activation lifts that: it is finished as what it was.
  if (action === 'rollback') return (await import('./rollback.ts')).run(of(all, { release }))
  if (action === 'activate') return (await import('./activate.ts')).run(of(all, { release }))
  const loaded = await loadConfig({ file: call.globals.config, cwd: process.cwd() })
  const store = await openStoreAt(loaded.storeDir, call)
  // Whoever finishes it may be somebody else than who began.
  await eachApp(all, async (app, own) => {
    const id = ownOf(releases, own[0])
    if (store.list().some((known) => known.id === id)) return
    const there = on.filter(({ target }) => target.app === app)
    if (call.globals.dryRun)
      throw new ReleaserError('NOT_FOUND', `the store here does not have ${id}`, {
        hint: `take it from a host first: releaser download target=${own[0].target.name} release=${id}`,
      })
    await (await import('./download.ts')).run(of(there.length > 0 ? there : own, { release: id }))
  })
  return (await import('./deploy.ts')).run(of(all, { release }))
}

/** The hosts of an app that may have got it are silent about it, and it began elsewhere. */
function nobodyKnows(): never {
  throw new ReleaserError('NOT_FOUND', 'which release it was to serve is known only where it began', {
    hint: 'run resume there; or have the others go back: releaser resume --back',
  })
}

async function goBack({ open: { rollout }, on }: Halves, of: Of): Promise<Outcome> {
  const before = servedBefore(rollout, on)
  const releases = await eachApp(on, async (_, own) => {
    const [previous, ...others] = ownOf(before, own[0])
    if (others.length > 0)
      throw new ReleaserError('USAGE', 'these hosts served different releases before it', {
        hint: `leave --back out, so that it is finished; or go back host by host: releaser rollback target=${own[0].target.name} host=NAME`,
      })
    if (!previous)
      throw new ReleaserError('NOT_FOUND', 'it was the first release there: there is nothing to go back to', {
        hint: 'leave --back out, so that it is finished',
      })
    return previous
  })
  return (await import('./rollback.ts')).run(of(on, { release: refsInWords(releases) }))
}
