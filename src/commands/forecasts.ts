import { type Commit, commitsBetween } from '../local/git.ts'
import type { Store } from '../local/store.ts'
import type { Manifest } from '../model/manifest.ts'
import type { Plan } from '../model/plan.ts'
import type { Prepared } from '../rollout/host.ts'
import { forecast } from '../tasks/forecast.ts'
import type { Wanted } from '../tasks/wanted.ts'

/** The plans of a dry run, with what each will send, as far as the store can tell. */
export async function forecasts(store: Store, release: Wanted, prepared: readonly Prepared[]): Promise<readonly Plan[]> {
  const { manifest } = release
  if (manifest === null) return prepared.map(({ plan }) => plan)
  const ids = new Set(prepared.flatMap(({ plan }) => plan.transfer?.reuse.from.map(({ id }) => id) ?? []))
  const known = new Map<string, Manifest>()
  for (const one of store.list().filter(({ id }) => ids.has(id)))
    await store.manifest(one).then(
      (found) => known.set(one.id, found),
      () => {}, // as good as unknown
    )
  return prepared.map(({ plan, facts }) => ({ ...plan, forecast: forecast(plan, manifest, facts, (id) => known.get(id)) }))
}

/** The commits that a rollout brings to the first host that serves something else; null where the store or git cannot tell. */
export async function commitsSince(
  store: Store,
  dir: string,
  { id }: Pick<Wanted, 'id'>,
  prepared: readonly Prepared[],
): Promise<readonly Commit[] | null> {
  const from = prepared.map(({ plan }) => plan.from).find((live) => live !== null && live !== id)
  const [before, after] = [from, id].map((wanted) => store.list().find((release) => release.id === wanted)?.git?.rev)
  return before === undefined || after === undefined ? null : commitsBetween(dir, before, after)
}
