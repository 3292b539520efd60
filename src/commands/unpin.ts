import { viewOf } from '../model/host-view.ts'
import { releaseOn } from '../tasks/on-host.ts'
import { planUnpin } from '../tasks/pin.ts'
import type { Call, Outcome } from './command.ts'
import { upkeep } from './upkeep.ts'

/** `releaser unpin`: lifts the pin of a release, or of all. */
export async function run(call: Call): Promise<Outcome> {
  const ref = call.values['release']
  return upkeep(call, {
    message: 'unpin',
    decide: (asked, lookup) => {
      const views = asked.map(({ facts }) => viewOf(facts))
      const id = ref === undefined ? null : releaseOn('each', views, ref, lookup).id
      return (destination, facts) => planUnpin(id, { ...destination, facts })
    },
    doing: 'lift the pin of',
    closing: ({ target, changed }) => ({
      text: changed
        ? `${target} is not pinned any more`
        : `${target} was not pinned${ref === undefined ? '' : ` to ${ref}`}: nothing to do`,
    }),
  })
}
