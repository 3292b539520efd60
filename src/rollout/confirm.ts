import { ReleaserError } from '../model/errors.ts'
import { agentAt } from '../remote/agent.ts'
import type { Remote } from '../remote/remote.ts'
import type { BeginInput } from './begin.ts'
import { named, orInterrupted, type Working } from './host.ts'
import type { LeavingBehind } from './leave-behind.ts'
import { inParallel } from './parallel.ts'

const HANDSHAKES = 10

/**
 * Confirms hosts, each over a fresh connection, which proves that we can still get in. All connections are opened before the
 * first host is confirmed, so that one that cannot be reached leaves none confirmed, unless it may stay behind; until then it can be
 * interrupted. Between the two `decide` is told whom it will confirm. Fails where that fails, where a host has gone back already, or
 * cannot write down that it stays.
 */
export async function confirmAll(
  working: readonly Working[],
  behind: LeavingBehind,
  { observe, signal }: Pick<BeginInput, 'observe' | 'signal'>,
  decide: (hosts: readonly Working[]) => Promise<void>,
): Promise<void> {
  const opening = inParallel(working, HANDSHAKES, async (work) => {
    observe({ event: 'step', host: work.host.name, step: 'confirm', state: 'start' })
    const open: { readonly work: Working; readonly remote: Remote }[] = []
    await behind.unless(work, async () => void open.push({ work, remote: await work.connect() }))
    return open
  })
  const lines = (await orInterrupted(opening, signal)).flat()
  try {
    await decide(lines.map(({ work }) => work))
    await inParallel(lines, HANDSHAKES, async ({ work, remote }) => {
      const answer = await named(work, agentAt(remote, work.host.path).confirm(work.run.transaction))
      if (answer === 'late') throw new ReleaserError('NOT_CHANGED', `${work.host.name}: it could not be confirmed any more`)
    })
  } finally {
    await Promise.all(lines.map(({ remote }) => remote.close()))
  }
}
