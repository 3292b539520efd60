import { ReleaserError } from '../model/errors.ts'
import { calledSo } from '../model/host-state.ts'
import { viewOf } from '../model/host-view.ts'
import type { Plan } from '../model/plan.ts'
import { forgetting } from './prune.ts'
import { planUpkeep, type UpkeepInput } from './upkeep.ts'

/**
 * A plan that removes releases from a host; a no-op where it has none of them. Fails with USAGE where one is current, pinned or in
 * use there.
 */
export function planDelete(ids: readonly string[], input: UpkeepInput): Plan {
  const { host, target, facts } = input
  const view = viewOf(facts)
  const found = view.releases.filter(({ id }) => ids.includes(id))
  for (const { id, dir, version } of found) {
    const refuse = (why: string, hint: string) =>
      new ReleaserError('USAGE', `${host.name}: ${calledSo({ id, version })} is ${why}`, { hint })
    if (view.current?.id === id)
      throw refuse('current there', `switch to another one first: releaser activate target=${target.name} release=REF`)
    if (view.pinned.includes(id)) throw refuse('pinned there', `if it may go: releaser unpin target=${target.name} release=${id}`)
    if (facts.inUse?.includes(dir))
      throw refuse('in use by a process there', `see by which: releaser exec target=${target.name} -- 'ls -l /proc/[0-9]*/cwd'`)
  }
  const dirs = found.map(({ dir }) => dir)
  if (dirs.length === 0) return planUpkeep('delete', [], input)
  return planUpkeep('delete', [{ step: 'prune', dirs }], input, forgetting(dirs))
}
