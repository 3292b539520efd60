import type { Store } from '../local/store.ts'
import { ReleaserError } from '../model/errors.ts'
import type { Release } from '../model/release.ts'
import { size } from '../model/size.ts'
import { didYouMean } from '../model/suggest.ts'
import { table } from '../ui/table.ts'
import { ago } from '../ui/time.ts'
import type { Run } from './command.ts'
import { openPlace } from './place.ts'
import { releaseJson } from './release-shown.ts'

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
  if (releases.length === 0) call.ui.say('the store is empty; fill it: releaser build')
  return {
    result: { releases: releases.map((release) => releaseJson(release, latest.has(release.id))) },
    text: releases.length === 0 ? '' : listed(releases, latest, new Date()),
  }
}

function latestIds(store: Store, releases: readonly Release[]): ReadonlySet<string> {
  const apps = new Set(releases.map(({ app }) => app))
  return new Set([...apps].map((app) => store.latest(app).id))
}

function listed(releases: readonly Release[], latest: ReadonlySet<string>, now: Date): string {
  const several = new Set(releases.map(({ app }) => app)).size > 1
  const headings = ['id', ...(several ? ['app'] : []), 'version', 'built', 'size', 'files', 'from', 'tags']
  const rows = releases.map(({ id, app, version, createdAt, bytes, files, git, tags }) => [
    id,
    ...(several ? [app] : []),
    version,
    ago(new Date(createdAt), now),
    size(bytes),
    String(files),
    git ? `${git.rev.slice(0, 8)}${git.dirty ? '+' : ''}` : '-',
    [...(latest.has(id) ? ['latest'] : []), ...tags].join(', '),
  ])
  return table(headings, rows, ['size', 'files'])
}
