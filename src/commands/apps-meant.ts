import { ReleaserError } from '../model/errors.ts'
import { didYouMean } from '../model/suggest.ts'
import type { Target } from '../model/target.ts'

/** Those of the targets whose app `app=` names; all where it names none. Fails with USAGE for an app that no target there has. */
export function targetsOfApps(targets: readonly Target[], said: string | undefined): readonly Target[] {
  if (said === undefined) return targets
  const wanted = said.split(',').filter((app) => app !== '')
  const known = [...new Set(targets.map(({ app }) => app))]
  const stranger = wanted.find((app) => !known.includes(app))
  if (wanted.length > 0 && stranger === undefined) return targets.filter(({ app }) => wanted.includes(app))
  const names = targets.map(({ name }) => name).join(', ')
  throw new ReleaserError(
    'USAGE',
    stranger === undefined ? 'app= names no app' : `no target there has the app "${stranger}": ${names}`,
    {
      hint: stranger === undefined ? `there is: ${known.join(', ')}` : didYouMean(stranger, known),
    },
  )
}
