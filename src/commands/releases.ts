import type { Store } from '../local/store.ts'
import { ReleaserError } from '../model/errors.ts'
import type { Release } from '../model/release.ts'
import { size } from '../model/size.ts'
import { didYouMean } from '../model/suggest.ts'
import { table } from '../ui/table.ts'
import { ago } from '../ui/time.ts'
import type { Run } from './command.ts'
import { type LiveList, liveList } from './live.ts'
import { openPlace } from './place.ts'
import { gitMark, releaseJson, signerMark } from './release-shown.ts'

export const run: Run = async (call) => {
  if (call.values['target'] !== undefined) return (await import('./releases-on-host.ts')).run(call)
  const { loaded, store } = await openPlace(call, false)
  const app = call.values['app']
  const releases = store.list(app)
  if (app !== undefined && releases.length === 0) {
    const known = [...new Set([...(loaded?.apps ?? []), ...store.list().map((release) => release.app)])]
    if (!known.includes(app)) throw new ReleaserError('USAGE', `there is no app "${app}"`, { hint: didYouMean(app, known) })
  }
  const latest = latestIds(store, releases)
  const live = liveList(store)
  if (releases.length === 0) call.ui.say('the store is empty; fill it: releaser build')
  return {
    result: { releases: releases.map((one) => ({ ...releaseJson(one, latest.has(one.id)), live: live.of(one) })) },
    text: releases.length === 0 ? '' : listed(releases, { latest, live }, new Date()),
  }
}

function latestIds(store: Store, releases: readonly Release[]): ReadonlySet<string> {
  const apps = new Set(releases.map(({ app }) => app))
  return new Set([...apps].map((app) => store.latest(app).id))
}

interface Known {
  readonly latest: ReadonlySet<string>
  readonly live: LiveList
}

function listed(releases: readonly Release[], { latest, live }: Known, now: Date): string {
  const several = new Set(releases.map(({ app }) => app)).size > 1
  const deployed = releases.some((release) => live.of(release).length > 0)
  const signed = releases.some(({ signature }) => signature)
  const headings = [
    'id',
    ...(several ? ['app'] : []),
    'version',
    'built',
    'size',
    'files',
    'from',
    ...(deployed ? ['live'] : []),
    ...(signed ? ['signed'] : []),
    'tags',
  ]
  const rows = releases.map(({ id, app, version, createdAt, bytes, files, git, tags, signature }) => [
    id,
    ...(several ? [app] : []),
    version,
    ago(new Date(createdAt), now),
    size(bytes),
    String(files),
    gitMark(git),
    ...(deployed ? [live.inShort({ id, app }) || '-'] : []),
    ...(signed ? [signerMark(signature)] : []),
    [...(latest.has(id) ? ['latest'] : []), ...tags].join(', '),
  ])
  return table(headings, rows, ['size', 'files'])
}
