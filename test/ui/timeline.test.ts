import { expect, test } from 'vitest'
import type { Glance } from '../../src/model/glance.ts'
import { legend, timeline } from '../../src/ui/timeline.ts'
import { width } from '../../src/ui/width.ts'
import { deploy, failure, glance, NOW, screen, TOLD } from '../support/glances.ts'

const BACK = { action: 'rollback', mark: 'back' } as const
const UNCHANGED = { mark: 'unchanged', why: 'unchanged: no' } as const

const WEB1 = glance('web1', {
  happenings: [
    deploy(30, '1.2.0'),
    deploy(18, '1.3.0'),
    failure(10, '1.4.0', UNCHANGED),
    failure(9, '1.4.0'),
    deploy(6, '1.4.0'),
    deploy(3, '1.3.0', BACK),
    { ...deploy(2, '1.3.0'), action: 'pin', mark: null },
  ],
})
const WEB2 = glance('b', { serves: null, happenings: [failure(15, '1.3.0', { previous: 'x' }), deploy(6, '1.4.0')] })

function drawn(hosts: readonly Glance[], columns: number, ascii = false): string {
  return `\n${[...timeline(hosts, NOW, screen(columns, { ascii })), ...legend(hosts, screen(columns, { ascii }))].join('\n')}\n`
}

test('a line a host, from its first deploy until now', () => {
  expect(drawn([WEB1, WEB2], 60)).toBe(`
      1.2.0             1.3.0                  1.3.0
web1  ●─────────────────●────────────○×────●───◆─────  1.4.0
b     ───────────────────────×─────────────●─────────
      Sep 22                 Oct 7                now
● deployed  ◆ went back  ○ failed, nothing changed
× failed, taken back
`)
})

test('as wide as the window is', () => {
  expect(drawn([WEB1], 100)).toBe(`
      1.2.0                             1.3.0                              1.4.0   1.3.0
web1  ●─────────────────────────────────●──────────────────────○──×────────●───────◆─────────  1.4.0
      Sep 22                Sep 30               Oct 7                 Oct 15             now
● deployed  ◆ went back  ○ failed, nothing changed  × failed, taken back
`)
})

test('with nothing but ASCII', () => {
  expect(drawn([WEB1, WEB2], 60, true)).toBe(`
      1.2.0             1.3.0                  1.3.0
web1  o-----------------o------------!x----o---<-----  1.4.0
b     -----------------------x-------------o---------
      Sep 22                 Oct 7                now
o deployed  < went back  ! failed, nothing changed
x failed, taken back
`)
})

test('colours say the same as the marks', () => {
  const [, line] = timeline([WEB2], NOW, screen(30, { style: TOLD }))
  expect(line).toBe('b  <red>×</red><dim>─────────────</dim><green>●</green><dim>──────────</dim>')
})

test('of several in one place the worst is shown', () => {
  const close = glance('web1', {
    happenings: [deploy(30, '1.0.0'), deploy(0.02, '1.1.0'), failure(0.01, '1.2.0'), deploy(0, '1.3.0')],
  })
  expect(timeline([close], NOW, screen(30))).toEqual(['      1.0.0', 'web1  ●───────────────×  1.4.0', '      Sep 22        now'])
})

test('nothing was switched: nothing is drawn', () => {
  expect(
    timeline([glance('web1'), glance('web2', { happenings: [{ ...deploy(1, 'x'), mark: null }] })], NOW, screen(60)),
  ).toEqual([])
})

test('of many hosts, those that went the same way share a line', () => {
  const all = Array.from({ length: 12 }, (_, index) => glance(`web${index + 1}`, { happenings: [deploy(9, '1.4.0')] }))
  expect(drawn([...all, { ...WEB1, host: 'odd' }], 60)).toBe(`
           1.2.0           1.3.0        1.4.0   1.3.0
web1 +11                                ●────────────  1.4.0
odd        ●───────────────●──────────○─×───●───◆────  1.4.0
           Sep 22               Oct 7             now
● deployed  ◆ went back  ○ failed, nothing changed
× failed, taken back
`)
})

test.each([20, 40, 60, 80, 200])('no line is wider than %d columns', (columns) => {
  const hosts = [WEB1, { ...WEB2, host: 'a-host-with-a-very-long-name.example.com' }]
  for (const line of timeline(hosts, NOW, screen(columns))) expect(width(line)).toBeLessThanOrEqual(columns)
})

test('a clock that is ahead of ours breaks nothing', () => {
  const ahead = glance('web1', { happenings: [deploy(1, '1.0.0'), deploy(-1, '1.1.0')] })
  expect(timeline([ahead], NOW, screen(40))).toEqual([
    '      1.0.0',
    'web1  ●─────────────────────────●  1.4.0',
    '      Oct 21 12:00            now',
  ])
})
