import { expect, test } from 'vitest'
import { whenAborted } from '../../src/model/when-aborted.ts'

test('is called when it is aborted, once, and at once where it was before; not when nobody listens any more', () => {
  const calls: string[] = []
  const [early, late, over] = [new AbortController(), new AbortController(), new AbortController()]
  early.abort()
  whenAborted(early.signal, () => calls.push('early'))
  whenAborted(late.signal, () => calls.push('late'))
  whenAborted(over.signal, () => calls.push('over'))()
  whenAborted(undefined, () => calls.push('never'))()
  expect(calls).toEqual(['early'])
  for (const each of [late, over]) each.abort()
  expect(calls).toEqual(['early', 'late'])
})
