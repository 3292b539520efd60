import { viewOf } from '../model/host-view.ts'
import type { Step } from '../model/plan.ts'
import { jobRows } from './jobs.ts'
import type { UpkeepInput } from './upkeep.ts'

/**
 * The backup that a target wants before a release comes: of what is there, before the new environment, hooks and migrations. It is the
 * timer's job, asked for now. Fails as `jobRows`.
 */
export function backupFirst({ target, host, facts }: UpkeepInput): Step<'backup'>[] {
  if (target.backup?.beforeDeploy !== true) return []
  const rows = viewOf(facts).current ? jobRows('backup', { target, host, facts }) : null
  return [{ step: 'backup', rows }]
}
