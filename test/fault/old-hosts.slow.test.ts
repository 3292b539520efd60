import { expect, it } from 'vitest'
import { OLD_HOSTS, tryOldHost } from './old-hosts.ts'

// All of them are in test/drills/old-hosts.test.ts.
const SOME = [
  'no setsid',
  'nothing but openssl to hash with',
  'nothing to hash with',
  'a sync without operands',
  'a head without -c',
  'no /proc',
]

it.each(OLD_HOSTS.filter(({ name }) => SOME.includes(name)))(
  '$name: works, or is refused by name',
  { timeout: 60_000 },
  async (old) => {
    expect(await tryOldHost(old)).toEqual([])
  },
)
