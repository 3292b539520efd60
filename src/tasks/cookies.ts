import type { Facts, Plan } from '../model/plan.ts'
import type { Wanted } from './wanted.ts'

const COOKIE = 'releases/COOKIE'

/**
 * Whether the release that comes is one of mix with another cookie than the one that leaves, so that nodes of the two cannot talk
 * to each other. A cookie of the app's environment goes before both.
 */
export function cookieChanges({ from, steps, appEnv }: Plan, release: Wanted, { cookies }: Facts): boolean {
  if (!steps.some(({ step }) => step === 'activate') || appEnv['RELEASE_COOKIE'] !== undefined) return false
  const known = (id: string | null) => cookies.find((one) => one.id === id)?.sha256
  const shipped = release.manifest?.find(({ path }) => path === COOKIE)
  const [before, after] = [known(from), shipped?.type === 'file' ? shipped.sha256 : known(release.id)]
  return before !== undefined && after !== undefined && before !== after
}
