import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { last, parseSchedule, type Schedule } from '../../src/model/schedule.ts'
import { seeded } from '../fault/random.ts'
import { pathOf, SHELLS } from '../support/shells.ts'

const CALENDAR = readFileSync(new URL('../../templates/remote/calendar.sh', import.meta.url), 'utf8')
const bases: string[] = []
afterAll(() => {
  for (const base of bases) rmSync(base, { recursive: true, force: true })
})

/** What these words print where `sh` is that shell, a line each. */
function runIn(shell: (typeof SHELLS)[number], script: string): readonly string[] {
  const base = mkdtempSync(join(tmpdir(), `releaser-calendar-${shell}-`))
  bases.push(base)
  const env = { PATH: pathOf(shell, join(base, 'bin')) }
  const words = [join(base, 'bin/sh'), '-s'] as const
  return execFileSync(words[0], [words[1]], { env, input: `TAB='\t'\n${CALENDAR}\n${script}`, encoding: 'utf8' }).split('\n')
}

const stamp = (wall: number) => new Date(wall).toISOString().replace(/\D/g, '').slice(0, 12)
const TEXTS = [
  'hourly',
  'daily at 03:30',
  'weekly',
  'monthly at 23:59',
  '*/7 4-9 * * *',
  '15 2 1,15 * 1',
  '0 0 29 2 *',
  '5 5 * 2,6 0',
]

describe.each(SHELLS)('in a host whose sh is %s', (shell) => {
  it('a job is due where a time of its schedule has passed since', () => {
    const random = seeded('schedules')
    const pick = (below: number) => Math.floor(random() * below)
    const from = Date.parse('2023-12-20T00:00Z')
    const cases = Array.from({ length: 64 }, (_, index) => {
      const schedule = parseSchedule(TEXTS[index % TEXTS.length] ?? '') as Schedule
      const now = from + pick(900 * 24 * 60) * 60_000
      const since = now - pick(index % 3 === 0 ? 90 : 40 * 24 * 60) * 60_000
      const at = last(schedule, now)
      return { schedule, since, now, due: at !== null && at > since ? stamp(at) : '-' }
    })
    const calls = cases.map(
      ({ schedule, since, now }) => `due_since '${schedule.fields.join(' ')}' ${stamp(since)} ${stamp(now)} || echo -`,
    )
    // A clock that was put back.
    const back = "due_since '0 0 1 1 *' 202603010000 202602010000"
    expect(runIn(shell, [...calls, back].join('\n'))).toEqual([...cases.map(({ due }) => due), '202602010000', ''])
    expect(cases.filter(({ due }) => due === '-').length).toBeGreaterThan(5)
  })

  it('backups stay by their times, each with its reasons', () => {
    const name = (time: string, version = '1.4.0') => `shop_prod_${version}_${time}.tar.gz`
    const keep = (names: readonly string[], newest: string, rule: string) =>
      `printf '%s\\n' ${names.map((it) => `'${it}'`).join(' ')} | keepers '${newest}' shop_prod_ '${rule}'; echo =`
    const days = ['2026-03-04', '2026-03-03', '2026-03-02', '2026-03-01', '2026-02-27', '2026-01-31', '2025-12-31']
    const all = days.map((day) => name(`${day}_03-30-00`))
    const newest = all[0] ?? ''
    const evening = name('2026-03-03_22-00-00', '1.5.0-rc.1+b~2')
    const foreign = [
      name('2027-01-01_00-00-00'), // later than now
      'shop_prod_notes.tar.gz',
      'other_prod_1.4.0_2026-03-03_03-30-00.tar.gz',
      'shop_prod_1.4.0_2026-03-03_03-30-00.tar.gz.part',
      'shop_prod_1 4_2026-03-03_03-30-00.tar.gz',
    ]
    const said = runIn(
      shell,
      [
        keep([...all, evening, ...foreign], newest, '2 3 2 3'),
        keep(all, newest, '0 0 0 0'),
        keep([newest], newest, '1 0 0 0'),
        // A hundred of the past push nobody out who is newer.
        keep(
          [newest, ...Array.from({ length: 100 }, (_, n) => name(`2020-01-01_00-${String(n % 60).padStart(2, '0')}-0${n % 7}`))],
          newest,
          '2 0 0 0',
        ),
      ].join('\n'),
    )
    const text = said.join('\n').split('=\n')
    expect(text[0]?.trim().split('\n')).toEqual([
      `keep\t${newest}\tthe newest, last, daily, weekly, monthly`,
      `keep\t${evening}\tlast, daily`,
      `drop\t${all[1]}\tno rule keeps it`,
      `keep\t${all[2]}\tdaily`,
      `keep\t${all[3]}\tweekly`, // a Sunday: of the week before
      `keep\t${all[4]}\tmonthly`,
      `keep\t${all[5]}\tmonthly`,
      `drop\t${all[6]}\tno rule keeps it`,
    ])
    expect(
      text[1]
        ?.trim()
        .split('\n')
        .map((line) => line.split('\t')[0]),
    ).toEqual(['keep', ...all.slice(1).map(() => 'drop')])
    expect(text[2]).toBe(`keep\t${newest}\tthe newest, last\n`)
    expect(
      text[3]
        ?.trim()
        .split('\n')
        .filter((line) => line.startsWith('keep')),
    ).toHaveLength(2)
    expect(text[3]?.startsWith(`keep\t${newest}`)).toBe(true)
  })
})
