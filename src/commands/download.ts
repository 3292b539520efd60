import { loadConfig, pickTargets } from '../local/config.ts'
import type { Store } from '../local/store.ts'
import { ReleaserError } from '../model/errors.ts'
import { calledSo, type HostRelease } from '../model/host-state.ts'
import { viewOf } from '../model/host-view.ts'
import type { Release } from '../model/release.ts'
import { count } from '../model/size.ts'
import { namedOn } from '../tasks/on-host.ts'
import { refuseForeign } from '../tasks/refusals.ts'
import { oneLine } from '../ui/sanitize.ts'
import type { Call, Outcome } from './command.ts'
import { destinations, onlyApp } from './destinations.ts'
import { recallOf } from './memory.ts'
import { openStoreAt } from './place.ts'
import { releaseJson, releaseLine } from './release-shown.ts'
import { type NotWhole, type Place, takeFrom } from './take-from-host.ts'
import { withHosts } from './with-hosts.ts'

/** `releaser download`: a release that lies on hosts comes into the store, verified, under the id that it has. */
export async function run(call: Call): Promise<Outcome> {
  const { values, globals } = call
  const loaded = await loadConfig({ file: globals.config, cwd: process.cwd() })
  const targets = await pickTargets(loaded, values['target'], call.signal)
  const app = onlyApp(targets, loaded)
  const store = await openStoreAt(loaded.storeDir, call)
  return withHosts(call, destinations(targets, values['host'], recallOf(store)), async ({ hosts }) => {
    for (const { facts, target, host } of hosts) refuseForeign(facts, { app: target.app, target: target.name, host: host.name })
    const id = namedOn(hosts, values['release'] ?? '', store.list(app))
    const places = hosts.flatMap((asked) =>
      viewOf(asked.facts).releases.flatMap((release) => (release.id === id ? [{ asked, release }] : [])),
    )
    const [first] = places
    if (!first) throw new ReleaserError('NOT_FOUND', 'the release is not there any more')
    const known = await inStore(store, app, first.release)
    const target = targets.map(({ name }) => name).join(',')
    const say = (release: Release, host: string | null) => ({
      target,
      host,
      release: releaseJson(release, store.latest(app).id === release.id),
    })
    if (known)
      return {
        result: { ...say(known, null), changed: false },
        text: `${releaseLine(known)}\nthe store has it already, whole: nothing to do`,
      }
    if (globals.dryRun)
      return {
        result: {
          target,
          host: first.asked.host.name,
          release: { id, app, version: first.release.version },
          changed: true,
          dryRun: true,
        },
        text: `would download ${app} ${calledSo(first.release)} from ${first.asked.host.name}`,
      }
    const { release, host } = await firstWhole(call, store, app, places)
    return { result: { ...say(release, host), changed: true }, text: `downloaded ${releaseLine(release)} from ${host}` }
  })
}

/** The store's own copy of a release, if it is whole. */
async function inStore(store: Store, app: string, { id, digest }: HostRelease): Promise<Release | undefined> {
  const known = store.list(app).find((release) => release.digest === digest || release.id === id)
  const whole =
    known &&
    (await store.check(known).then(
      () => true,
      () => false,
    ))
  return whole ? known : undefined
}

/** Tries one place after the other. Fails with INTEGRITY, naming what is amiss on each, where none has it whole. */
async function firstWhole(call: Call, store: Store, app: string, places: readonly Place[]) {
  const errors: ReleaserError[] = []
  const damage: Damage[] = []
  for (const place of places) {
    const host = place.asked.host.name
    const step = { event: 'step', host, step: 'download' } as const
    call.ui.observe({ ...step, state: 'start' })
    try {
      const release = await takeFrom(call, store, app, place)
      if ('id' in release) {
        call.ui.observe({ ...step, state: 'ok' })
        return { release, host }
      }
      damage.push({ place, amiss: release.amiss })
      call.ui.observe({ ...step, state: 'failed', detail: inWords({ place, amiss: release.amiss }) })
    } catch (error) {
      call.ui.observe({ ...step, state: 'failed' })
      if (!(error instanceof ReleaserError) || call.signal.aborted || !TRY_NEXT.includes(error.code)) throw error
      errors.push(new ReleaserError(error.code, `${host}: ${error.message}`, { hint: error.hint, cause: error }))
    }
  }
  const [first] = errors
  if (damage.length === 0 && first) throw first
  throw refusal(damage, errors)
}

const TRY_NEXT: readonly string[] = ['CONNECTION', 'INTEGRITY', 'NOT_FOUND']

interface Damage extends NotWhole {
  readonly place: Place
}

/** Paths that a message names. */
const NAMED = 10

function inWords({ place: { asked, release }, amiss }: Damage): string {
  const seeded = (path: string) =>
    asked.facts.overlays.some(
      (overlay) => overlay.dir === release.dir && (path === overlay.path || path.startsWith(`${overlay.path}/`)),
    )
  const named = amiss
    .slice(0, NAMED)
    .map(
      ({ path, kind }) =>
        `${oneLine(path)} ${kind === 'missing' ? 'is missing' : 'was changed'}${seeded(path) ? ' in shared/' : ''}`,
    )
  return `${named.join(', ')}${amiss.length > NAMED ? `, and ${count(amiss.length - NAMED, 'more', 'more')}` : ''}`
}

function refusal(damage: readonly Damage[], errors: readonly ReleaserError[]): ReleaserError {
  const told = damage.map((one) => `${one.place.asked.host.name}: ${inWords(one)}`)
  const findings = damage.flatMap(({ place: { asked, release }, amiss }) =>
    amiss.map(({ path, kind }) => ({ host: asked.host.name, release: release.id, dir: release.dir, path, kind, why: '' })),
  )
  return new ReleaserError(
    'INTEGRITY',
    `no host has the release as it was sent: ${[...told, ...errors.map(({ message }) => message)].join('; ')}`,
    {
      hint: 'nothing was stored; take it from where it was built, or build it again: the same content is the same release',
      result: { findings },
    },
  )
}
