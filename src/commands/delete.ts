import { ReleaserError } from '../model/errors.ts'
import { calledSo } from '../model/host-state.ts'
import { viewOf } from '../model/host-view.ts'
import type { Release } from '../model/release.ts'
import { size } from '../model/size.ts'
import { planDelete } from '../tasks/delete.ts'
import { releaseOn } from '../tasks/on-host.ts'
import type { Call, Outcome } from './command.ts'
import { leftBehind } from './left-behind.ts'
import { whereLive } from './live.ts'
import { openPlace, type Place, releaseMeant } from './place.ts'
import { upkeep } from './upkeep.ts'

/** `releaser delete`: releases go for good, from the store or from hosts; never one that serves. */
export async function run(call: Call): Promise<Outcome> {
  return call.values['target'] === undefined ? deleteHere(call) : deleteOnHosts(call)
}

function refsOf({ values }: Call): readonly string[] {
  return (values['release'] ?? '').split(',').map((ref) => ref.trim())
}

async function deleteHere(call: Call): Promise<Outcome> {
  const { ui, globals } = call
  const place = await openPlace(call, false)
  const found = refsOf(call).map((release) => releaseMeant(place, { values: { ...call.values, release } }))
  const releases = found.filter(({ id }, index) => found.findIndex((other) => other.id === id) === index)
  for (const release of releases) refuseLive(place, release)
  const names = releases.map(named).join(', ')
  const bytes = releases.reduce((sum, release) => sum + release.bytes, 0)
  const removed = releases.map(({ id, app, version }) => ({ id, app, version }))
  if (globals.dryRun) return { result: { removed, dryRun: true }, text: `would delete ${names} from the store: ${size(bytes)}` }
  await demandYes(call, `Delete ${names} from the store for good (${size(bytes)})?`)
  const gone = await place.store.remove(releases.map(({ id }) => id))
  if (gone.length < releases.length) ui.warn('somebody else has deleted some of them meanwhile')
  return { result: { removed }, text: `deleted ${names} from the store: ${size(bytes)} free again` }
}

function named({ app, version, id, tags }: Release): string {
  return `${app} ${version} (${id}${tags.length > 0 ? `, tagged ${tags.join(', ')}` : ''})`
}

/** What this store has seen hosts of today's configuration serve is what a rollback or a repair of theirs needs. */
function refuseLive({ loaded, store }: Place, release: Release): void {
  const targets = new Set(loaded?.targets.keys())
  const live = whereLive(store, release).filter(({ target }) => targets.has(target))
  if (live.length === 0) return
  throw new ReleaserError(
    'USAGE',
    `${release.app} ${release.version} is live on ${live.map(({ target, host }) => `${target}/${host}`).join(', ')}`,
    {
      hint: 'deploy another release there first',
    },
  )
}

async function deleteOnHosts(call: Call): Promise<Outcome> {
  const chosen: { ids: readonly string[]; names: string } = { ids: [], names: '' }
  return upkeep(call, {
    message: `delete of ${refsOf(call).join(', ')}`,
    inUse: true,
    decide: (asked, lookup) => {
      const views = asked.map(({ facts }) => viewOf(facts))
      const releases = refsOf(call).map((ref) => releaseOn('any', views, ref, lookup))
      chosen.ids = [...new Set(releases.map(({ id }) => id))]
      chosen.names = [...new Set(releases.map(calledSo))].join(', ')
      return (destination, facts) => planDelete(chosen.ids, { ...destination, facts })
    },
    doing: 'delete a release on',
    ask: async (plans) => {
      const hosts = plans.filter(({ steps }) => steps.length > 0).map(({ host }) => host)
      await demandYes(call, `Delete ${chosen.names} on ${hosts.join(', ')}?`)
    },
    see: async (asked) => {
      const left = await leftBehind(asked, (_, dir) => chosen.ids.includes(dir.replace(/~.*/, '')))
      if (left.length === 0) return
      throw new ReleaserError('PARTIAL', `${left.map(({ host, dir }) => `${host}: releases/${dir} is still there`).join('; ')}`, {
        hint: 'see whose files it holds, or which process works in it; then delete it again',
        result: { left },
      })
    },
    closing: ({ target }) => ({ text: `deleted ${chosen.names} on ${target}`, result: { removed: chosen.ids } }),
  })
}

async function demandYes({ ui, globals }: Call, question: string): Promise<void> {
  if (globals.yes || (await ui.confirm(question, { initial: false, answer: '--yes' }))) return
  throw new ReleaserError('INTERRUPTED', 'stopped: nothing was deleted')
}
