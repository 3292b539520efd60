import { ReleaserError } from '../model/errors.ts'
import { ownOf } from '../model/per-app.ts'
import { refsInWords } from '../model/refs-of-apps.ts'
import type { Call, Outcome } from './command.ts'
import { chosenReleases } from './deploy-choice.ts'
import { eachApp } from './each-app.ts'
import { fromStore } from './from-store.ts'
import { lastHook } from './last-hook.ts'
import { readPlan, savePlan } from './plan-file.ts'
import { askProtected } from './protected.ts'
import { record } from './record.ts'
import { roll } from './roll.ts'
import { rolledOutcome } from './rolled.ts'
import { rolloutMeant } from './rollout-meant.ts'

const DIRTY = 'this release was built from changes that are not committed'

/** `releaser deploy`: of every app a release of the store becomes what the hosts of its targets serve, all of them as one. */
export async function run(said: Call): Promise<Outcome> {
  const { 'plan-out': saveTo, plan: file } = said.values
  if (saveTo !== undefined && !said.globals.dryRun)
    throw new ReleaserError('USAGE', '--plan-out saves what a dry run shows', { hint: 'add --dry-run' })
  const plan = file === undefined ? null : await readPlan(file, said)
  const call = plan === null ? said : { ...said, values: plan.values }
  const meant = await rolloutMeant(call)
  const { loaded, store, targets } = meant
  const releases = await chosenReleases(call, meant)
  const brought = await eachApp(meant.destinations, (_, [first]) => fromStore(store, ownOf(releases, first)))
  const wordOf = ({ app }: { readonly app: string }) => releases.get(app)?.version ?? ''
  const rolled = await record(
    call,
    { store, targets, action: 'deploy' },
    (app) => releases.get(app)?.id ?? '',
    () =>
      roll({
        ...meant,
        call,
        action: 'deploy',
        force: call.values['force'] === 'true',
        choose: async (_, [first]) => ownOf(brought, first),
        ...(plan && { approved: plan }),
        ask: () =>
          askProtected(
            call,
            targets,
            (target) => `deploy ${wordOf(target)} to`,
            ({ app }) => (releases.get(app)?.git?.dirty ? DIRTY : undefined),
          ),
      }),
  )
  const ids = new Map([...releases].map(([app, { id }]) => [app, id]))
  if (saveTo !== undefined) await savePlan(saveTo, call, refsInWords(ids), rolled.plans)
  const outcome = rolledOutcome(call, 'deploy', rolled, targets)
  await lastHook(call, { action: 'deploy', targets, dir: loaded.dir, rolled, outcome })
  return outcome
}
