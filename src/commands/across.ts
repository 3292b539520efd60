import { ReleaserError } from '../model/errors.ts'
import { calledSo, wordFor } from '../model/host-state.ts'
import type { Plan } from '../model/plan.ts'
import type { Call } from './command.ts'

/** Warns of migrations that a rollback leaves done, and goes on only where somebody says so: a person, or `--yes`. */
export async function askAcross({ ui, globals }: Call, plans: readonly Plan[]): Promise<void> {
  const ids = [...new Set(plans.flatMap(({ across = [] }) => across))].sort()
  if (ids.length === 0) return
  const words = [...new Set(plans.flatMap(({ release, across }) => (release && across ? [wordFor(release)] : [])))]
  ui.warn(`this goes back across the migrations of ${ids.map((id) => nameOf(id, plans)).join(', ')}, which are not undone`)
  if (globals.yes) return
  const question = `Can ${words.join(' and ') || 'the old release'} work with what they have made of the data? Go back all the same?`
  if (await ui.confirm(question, { initial: false, answer: '--yes' })) return
  throw new ReleaserError('INTERRUPTED', 'stopped: nothing was done')
}

/** A release by its version, with its id where the host knows both. */
function nameOf(id: string, plans: readonly Plan[]): string {
  const known = plans.flatMap(({ next, bad }) => [...next.releases, ...bad.releases]).find((release) => release.id === id)
  return known ? calledSo(known) : id
}
