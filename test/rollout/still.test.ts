import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Progress } from '../../src/model/plan.ts'
import { sayingStill } from '../../src/rollout/still.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const step = (host: string, name: string, state: 'start' | 'ok'): Progress => ({ event: 'step', host, step: name, state })

test('says of each host at which step it still is, less and less often, until there is news', () => {
  const seen: Progress[] = []
  const { observe, close } = sayingStill((progress) => seen.push(progress))
  const notes = () => seen.flatMap((one) => (one.event === 'note' ? [`${one.host}: ${one.message}`] : []))
  observe(step('h1', 'migrate', 'start'))
  observe(step('h2', 'send', 'start'))
  vi.advanceTimersByTime(59_000)
  observe({ event: 'progress', host: 'h2', step: 'send', done: 1, total: 2 })
  vi.advanceTimersByTime(2_000)
  expect(notes()).toEqual(['h1: still at migrate, for 60 s'])
  observe(step('h2', 'send', 'ok'))
  vi.advanceTimersByTime(120_000)
  expect(notes()).toEqual(['h1: still at migrate, for 60 s', 'h1: still at migrate, for 3 min'])
  // What it prints is news.
  observe({ event: 'output', host: 'h1', step: 'migrate', line: 'x' })
  vi.advanceTimersByTime(61_000)
  expect(notes().length).toBe(3)
  close()
  vi.advanceTimersByTime(1e7)
  expect(notes().length).toBe(3)
  expect(seen.length - notes().length).toBe(5)
})
