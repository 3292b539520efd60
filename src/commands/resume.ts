import { loadConfig, pickTargets } from '../local/config.ts'
import { ReleaserError } from '../model/errors.ts'
import { wordFor } from '../model/host-state.ts'
import { viewOf } from '../model/host-view.ts'
import { type Mixed, mixedAmong } from '../model/mixed.ts'
import { rolloutOf } from '../model/transaction.ts'
import type { Asked } from '../rollout/host.ts'
import { ago } from '../ui/time.ts'
import type { Call, Outcome } from './command.ts'
import { destinations } from './destinations.ts'
import { memoryAt } from './memory.ts'
import { openStoreAt } from './place.ts'
import { withHosts } from './with-hosts.ts'

/**
 * `releaser resume`: a rollout that stays on some hosts and went back on others comes to one end on all of them. The hosts say
 * which one that is, so any machine can do it. With `--back` it is the end where it had begun.
 */
export async function run(call: Call): Promise<Outcome> {
  const { values, globals, ui } = call
  const loaded = await loadConfig({ file: globals.config, cwd: process.cwd() })
  const targets = await pickTargets(loaded, values['target'], call.signal)
  const target = targets.map(({ name }) => name).join(',')
  const all = destinations(targets, values['host'], memoryAt(loaded, call).recall)
  const [mixed, ...others] = await withHosts(call, all, async ({ hosts }) => mixedAmong(hosts), { aside: true })
  if (!mixed)
    return { result: { target, changed: false, hosts: [] }, text: 'every rollout there came to one end: nothing to resume' }
  if (others.length > 0)
    throw new ReleaserError('USAGE', `several rollouts are mixed there: ${[mixed, ...others].map(inWords).join('; ')}`, {
      hint: 'take them one by one: name a target, or hosts with host=',
    })
  ui.warn(inWords(mixed))
  const of = (hosts: readonly Asked[], more: Readonly<Record<string, string>>): Call => ({
    ...call,
    values: {
      target: [...new Set(hosts.map((each) => each.target.name))].join(','),
      host: [...new Set(hosts.map(({ host }) => host.name))].join(','),
      ...more,
    },
  })
  const outcome = values['back'] === 'true' ? await goBack(mixed, of) : await finish(call, mixed, of)
  return { ...outcome, result: { ...outcome.result, rollout: mixed.rollout } }
}

type Of = (hosts: readonly Asked[], more: Readonly<Record<string, string>>) => Call

/** Brings it to those that lack it; the others are where they should be, and are left alone. */
async function finish(call: Call, { entry, on, behind }: Mixed<Asked>, of: Of): Promise<Outcome> {
  const release = entry.release ?? ''
  const all = [...on, ...behind]
  // A rollback pins where it stops, and an activation lifts that: it is finished as what it was.
  if (entry.action === 'rollback') return (await import('./rollback.ts')).run(of(all, { release }))
  if (entry.action === 'activate') return (await import('./activate.ts')).run(of(all, { release }))
  const loaded = await loadConfig({ file: call.globals.config, cwd: process.cwd() })
  const store = await openStoreAt(loaded.storeDir, call)
  // Whoever finishes it may be somebody else than who began.
  if (!store.list().some(({ id }) => id === release)) {
    if (call.globals.dryRun)
      throw new ReleaserError('NOT_FOUND', `the store here does not have ${release}`, {
        hint: `take it from a host first: releaser download target=${on[0]?.target.name} release=${release}`,
      })
    await (await import('./download.ts')).run(of(on, { release }))
  }
  return (await import('./deploy.ts')).run(of(all, { release }))
}

async function goBack({ entry, on, rollout }: Mixed<Asked>, of: Of): Promise<Outcome> {
  const before = new Set(
    on.map(
      ({ facts }) => facts.history.findLast(({ transaction }) => rolloutOf(transaction) === rollout)?.previous ?? entry.previous,
    ),
  )
  if (before.size > 1)
    throw new ReleaserError('USAGE', 'these hosts served different releases before it', {
      hint: `leave --back out, so that it is finished; or go back host by host: releaser rollback target=${on[0]?.target.name} host=NAME`,
    })
  const [previous] = before
  if (!previous)
    throw new ReleaserError('NOT_FOUND', 'it was the first release there: there is nothing to go back to', {
      hint: 'leave --back out, so that it is finished',
    })
  return (await import('./rollback.ts')).run(of(on, { release: previous }))
}

/** `the deploy of 1.4.0, 3 min ago by ana@laptop, stays on web1, web2, and not on web3`. */
function inWords({ entry, on, behind }: Mixed<Asked>): string {
  const names = (hosts: readonly Asked[]) => hosts.map(({ host }) => host.name).join(', ')
  const release = on.flatMap(({ facts }) => viewOf(facts).releases).find(({ id }) => id === entry.release)
  const what = release ? wordFor(release) : entry.release
  const when = ago(new Date(entry.at * 1000), new Date())
  return `the ${entry.action} of ${what}, ${when} by ${entry.by}, stays on ${names(on)}, and not on ${names(behind)}`
}
