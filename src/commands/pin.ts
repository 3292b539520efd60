import { calledSo } from '../model/host-state.ts'
import { viewOf } from '../model/host-view.ts'
import { releaseOn } from '../tasks/on-host.ts'
import { planPin } from '../tasks/pin.ts'
import type { Call, Outcome } from './command.ts'
import { upkeep } from './upkeep.ts'

/** `releaser pin`: holds a target to a release until a deploy by hand, or `unpin`. */
export async function run(call: Call): Promise<Outcome> {
  const ref = call.values['release'] ?? 'current'
  const chosen: { name?: string } = {}
  return upkeep(call, {
    message: `pin of ${ref}`,
    decide: (asked, lookup) => {
      const views = asked.map(({ facts }) => viewOf(facts))
      const release = releaseOn('each', views, ref, lookup)
      chosen.name = calledSo(release)
      return (destination, facts) => planPin(release.id, { ...destination, facts })
    },
    doing: `pin ${ref} on`,
    closing: ({ target, changed }) => ({
      text: changed
        ? `${target} is pinned to ${chosen.name}, until a deploy by hand or releaser unpin target=${target}`
        : `${target} was pinned to ${chosen.name} already: nothing to do`,
    }),
  })
}
