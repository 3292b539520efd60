import type { Asked } from '../rollout/host.ts'

/** A directory below `releases/` of a host that was to go, and is still there. */
export interface Left {
  readonly target: string
  readonly host: string
  readonly dir: string
}

/** Asks hosts once more: what an agent could not remove, or what has come into use meanwhile, is a note of its own and no failure. */
export async function leftBehind(
  hosts: readonly Asked[],
  goes: (asked: Asked, dir: string) => boolean,
): Promise<readonly Left[]> {
  const found = await Promise.all(
    hosts.map(async (asked): Promise<readonly Left[]> => {
      const { dirs } = await asked.agent.status()
      return dirs.filter((dir) => goes(asked, dir)).map((dir) => ({ target: asked.target.name, host: asked.host.name, dir }))
    }),
  )
  return found.flat()
}
