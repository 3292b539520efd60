import { expect, it } from 'vitest'
import { ReleaserError } from '../../src/model/errors.ts'
import { named } from '../../src/rollout/host.ts'

const web1 = { host: { name: 'web1' } } as Parameters<typeof named>[0]

it('a failure of a host names it once, and keeps all else', async () => {
  const failing = (message: string) =>
    named(web1, Promise.reject(new ReleaserError('NOT_CHANGED', message, { hint: 'make room there' })))
  await expect(failing('cannot write in /srv/shop')).rejects.toMatchObject({
    code: 'NOT_CHANGED',
    message: 'web1: cannot write in /srv/shop',
    hint: 'make room there',
  })
  await expect(failing('web1: link: cannot link log')).rejects.toMatchObject({ message: 'web1: link: cannot link log' })
  await expect(named(web1, Promise.reject(new TypeError('a bug of ours')))).rejects.toThrow(/^a bug of ours$/)
})
