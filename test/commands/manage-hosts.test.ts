import { expect, test } from 'vitest'
import { heldBy } from '../../src/commands/manage/held.ts'
import { hostLines } from '../../src/commands/manage/host-lines.ts'
import type { Glance } from '../../src/model/glance.ts'
import type { HostView } from '../../src/model/host-view.ts'
import { A, B, C, onHost } from '../support/facts.ts'

/** What a session shows of several hosts. */
const view = (ids: readonly string[], current: string, more: Partial<HostView> = {}): HostView => {
  const releases = ids.map((id) => onHost(id))
  return {
    releases,
    current: releases.find(({ id }) => id === current) ?? null,
    previous: null,
    served: [],
    pinned: [],
    ...more,
  }
}

test('releases of several hosts are one list, newest first, with the hosts where they differ', () => {
  const held = heldBy([
    { host: 'h1', view: view([A, C], C, { previous: onHost(A) }) },
    { host: 'h2', view: view([A, B], A, { pinned: [A] }) },
  ])
  expect(held.map(({ id, on, current, marks, pinned }) => [id, on, current, marks, pinned])).toEqual([
    [C, ['h1'], 'somewhere', ['current on h1'], false],
    [B, ['h2'], 'nowhere', [], false],
    [A, ['h1', 'h2'], 'somewhere', ['current on h2', 'previous on h1', 'pinned on h2'], true],
  ])
})

test('what is so on all hosts names none, and a state that differs names all', () => {
  const bad = onHost(A, { state: 'bad' })
  const all = heldBy([
    { host: 'h1', view: view([A, B], B) },
    { host: 'h2', view: { ...view([A, B], B), releases: [bad, onHost(B)] } },
  ])
  expect(all).toMatchObject([
    { id: B, current: 'everywhere', marks: ['current'], state: 'good' },
    { id: A, state: 'good on h1, bad on h2' },
  ])
})

const NOW = new Date('2026-01-01T12:00:00Z')
const glance = (host: string, name: string | null, more: Partial<Glance> = {}): Glance => ({
  target: 'prod',
  app: 'shop',
  host,
  path: '/srv/shop',
  silent: null,
  serves: name === null ? null : { name, id: A, since: NOW.getTime() - 7_200_000, by: 'ann@laptop' },
  previous: null,
  running: null,
  healthy: null,
  freeBytes: 12e9,
  backup: null,
  remarks: [],
  happenings: [],
  ...more,
})

test('a few hosts have a line each, what is unusual first', () => {
  const frozen = [{ text: 'frozen by ben@desk', wrong: false }]
  expect(
    hostLines(
      'prod',
      [
        glance('h1', '1.4.0', { remarks: frozen }),
        glance('h2', null),
        glance('h3', null, { silent: 'no route', freeBytes: null }),
      ],
      NOW,
    ),
  ).toEqual([
    'h1: 1.4.0, frozen by ben@desk, since 2 h ago by ann@laptop, 12.0 GB free',
    'h2: nothing yet, 12.0 GB free',
    'h3: unreachable, no route',
  ])
})

test('of many, those that are alike share one', () => {
  const many = Array.from({ length: 50 }, (_, n) => glance(`web${n}`, n === 7 ? '1.3.9' : '1.4.0'))
  expect(hostLines('prod', many, NOW)).toEqual(['prod: 50 hosts', '49 hosts: 1.4.0', 'web7: 1.3.9'])
})
