import { type Commit, commitsBetween } from '../local/git.ts'
import type { Store } from '../local/store.ts'
import type { Manifest } from '../model/manifest.ts'
import { ownOf, type PerApp } from '../model/per-app.ts'
import type { Plan } from '../model/plan.ts'
import type { Prepared } from '../rollout/host.ts'
import { forecast } from '../tasks/forecast.ts'
import type { Wanted } from '../tasks/wanted.ts'

/** The plans of a dry run, with what each will send, as far as the store can tell. */
export async function forecasts(store: Store, releases: PerApp<Wanted>, prepared: readonly Prepared[]): Promise<readonly Plan[]> {
  const ids = new Set(prepared.flatMap(({ plan }) => plan.transfer?.reuse.from.map(({ id }) => id) ?? []))
  const known = new Map<string, Manifest>()
  for (const one of store.list().filter(({ id }) => ids.has(id)))
    await store.manifest(one).then(
      (found) => known.set(one.id, found),
      () => {}, // as good as unknown
    )
  return prepared.map(({ plan, facts, target }) => {
    const { manifest } = ownOf(releases, { target })
    return manifest === null ? plan : { ...plan, forecast: forecast(plan, manifest, facts, (id) => known.get(id)) }
  })
}

/** The commits that a release brings to the first host that serves something else; null where the store or git cannot tell. */
export async function commitsSince(
  store: Store,
  dir: string,
  release: Pick<Wanted, 'id'> | undefined,
  prepared: readonly Prepared[],
): Promise<readonly Commit[] | null> {
  const id = release?.id
  const from = prepared.map(({ plan }) => plan.from).find((live) => live !== null && live !== id)
  const [before, after] = [from, id].map((wanted) => store.list().find((release) => release.id === wanted)?.git?.rev)
  return before === undefined || after === undefined ? null : commitsBetween(dir, before, after)
}
