import { count, size } from '../../model/size.ts'
import { ago } from '../../ui/time.ts'
import type { Call } from '../command.ts'
import { liveList } from '../live.ts'
import { openPlace } from '../place.ts'
import { type Action, type Entry, idsOf, type View } from './view.ts'
import { ALWAYS, HERE } from './words.ts'

/** Targets that a menu names; of more, one is asked for. */
const FEW = 4

/** The releases of the store, newest first. */
export async function viewHere(call: Call): Promise<View> {
  const { loaded, store } = await openPlace(call, false)
  const releases = store.list()
  const apps = [...new Set(releases.map(({ app }) => app))]
  const latest = new Set(apps.map((app) => store.latest(app).id))
  const bytes = releases.reduce((sum, release) => sum + release.bytes, 0)
  const live = liveList(store)
  const several = apps.length > 1
  const now = new Date()
  return {
    title: [`the store of ${(loaded?.apps ?? apps).join(', ')}: ${count(releases.length, 'release')}, ${size(bytes)}`],
    prompt: 'local>',
    headings: [...(several ? ['app'] : []), 'version', 'built', 'size', 'tags', 'live on', 'id'],
    items: releases.map((release) => ({
      value: { id: release.id, version: release.version },
      cells: [
        ...(several ? [release.app] : []),
        release.version,
        ago(new Date(release.createdAt), now),
        size(release.bytes),
        [...(latest.has(release.id) ? ['latest'] : []), ...release.tags].join(', '),
        live.inShort(release),
        release.id,
      ],
    })),
    empty: 'the store is empty; fill it: build, pack or import',
    words: [...HERE, ...ALWAYS],
    actions: (chosen) => actions(chosen, [...(loaded?.targets.keys() ?? [])]),
  }
}

function actions(chosen: readonly Entry[], targets: readonly string[]): readonly Action[] {
  const ids = idsOf(chosen)
  if (chosen.length > 1)
    return [
      ...(chosen.length === 2 ? [{ does: 'compare them', line: `diff ${ids}` }] : []),
      { does: 'delete them', line: `delete ${ids}` },
    ]
  return [
    { does: 'show all about it', line: `info ${ids}` },
    ...(targets.length > FEW
      ? [{ does: 'deploy it to a target', line: `deploy release=${ids}` }]
      : targets.map((target) => ({ does: `deploy it to ${target}`, line: `deploy ${target} ${ids}` }))),
    { does: 'compare it with the one before', line: `diff ${ids}` },
    { does: 'tag it', line: `tag ${ids}` },
    { does: 'take a tag away', line: `untag ${ids}` },
    { does: 'verify its tarball', line: `verify ${ids}` },
    { does: 'delete it', line: `delete ${ids}` },
  ]
}
