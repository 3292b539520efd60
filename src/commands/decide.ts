import type { Store } from '../local/store.ts'
import { verdictsIn } from '../local/verdicts.ts'
import { ReleaserError } from '../model/errors.ts'
import type { SwitchAction } from '../model/plan.ts'
import type { HostOutcome } from '../rollout/host.ts'
import type { RolloutInput } from '../rollout/input.ts'
import { author } from './author.ts'

/**
 * Carries out a rollout which is written down here before its first host is told that it stays, and is forgotten once all of them are
 * known to have come to one end: should this machine die in between, its next `status` tells of it.
 */
export async function deciding(
  { dir }: Pick<Store, 'dir'>,
  action: SwitchAction,
  roll: (decide: NonNullable<RolloutInput['decide']>) => Promise<readonly HostOutcome[]>,
): Promise<readonly HostOutcome[]> {
  const verdicts = verdictsIn(dir)
  let decided: string | undefined
  const forget = async (): Promise<void> => {
    // What cannot be removed is looked at again by the next status.
    if (decided !== undefined) await verdicts.remove(decided).catch(() => {})
  }
  try {
    const outcomes = await roll(async (rollout, hosts) => {
      // One host cannot be of two minds.
      if (hosts.length < 2) return
      await verdicts
        .write({
          rollout,
          at: new Date().toISOString(),
          by: author('').by,
          action,
          hosts: hosts.flatMap(({ target, host, plan: { release } }) =>
            release ? [{ target: target.name, host: host.name, release: { id: release.id, version: release.version } }] : [],
          ),
        })
        .catch((cause: Error) => {
          throw new ReleaserError(
            'NOT_CHANGED',
            `it could not be written down here that this ${action} stays: ${cause.message}`,
            {
              hint: `see whether its disk is full (df -h ${dir}), and run the same command again`,
              cause,
            },
          )
        })
      decided = rollout
    })
    await forget()
    return outcomes
  } catch (error) {
    if (error instanceof ReleaserError && error.code !== 'PARTIAL') await forget()
    throw error
  }
}
