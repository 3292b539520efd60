import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { last, minutesOf, next, onCalendar, parseSchedule, type Schedule } from '../../src/model/schedule.ts'

function parsed(text: string): Schedule {
  const schedule = parseSchedule(text)
  if ('says' in schedule) throw new Error(`${schedule.says}: ${schedule.hint}`)
  return schedule
}

describe('a schedule', () => {
  it.each([
    ['hourly', '0 * * * *', ['*-*-* *:00:00']],
    ['daily', '0 0 * * *', ['*-*-* 00:00:00']],
    ['daily at 03:30', '30 3 * * *', ['*-*-* 03:30:00']],
    ['weekly at 3:05', '5 3 * * 1', ['Mon *-*-* 03:05:00']],
    ['monthly  at 23:59', '59 23 1 * *', ['*-*-01 23:59:00']],
    ['*/20 * * * *', '0,20,40 * * * *', ['*-*-* *:00,20,40:00']],
    ['30 3 * * 1-5', '30 3 * * 1,2,3,4,5', ['Mon,Tue,Wed,Thu,Fri *-*-* 03:30:00']],
    ['0 4-8/2,22 * jan,DEC sun,6-7', '0 4,6,8,22 * 1,12 0,6', ['Sun,Sat *-01,12-* 04,06,08,22:00:00']],
    ['15 2 1,15 * 1', '15 2 1,15 * 1', ['*-*-01,15 02:15:00', 'Mon *-*-* 02:15:00']],
    ['0 0 29 2 *', '0 0 29 2 *', ['*-02-29 00:00:00']],
  ])('%s', (text, fields, calendar) => {
    expect(parsed(text).fields.join(' ')).toBe(fields)
    expect(onCalendar(parsed(text))).toEqual(calendar)
  })

  it.each([
    ['', 'is no schedule'],
    ['dayly', 'is no schedule'],
    ['daily at 24:00', 'names no time'],
    ['daily 03:00', 'names no time'],
    ['hourly at 00:17', 'is no schedule'],
    ['@daily', 'is no schedule'],
    ['60 * * * *', 'has no minute from 0 to 59'],
    ['* * 0 * *', 'has no day from 1 to 31'],
    ['5-1 * * * *', 'has no minute'],
    ['5/2 * * * *', 'has no minute'],
    ['*/0 * * * *', 'has no minute'],
    ['1-2-3 * * * *', 'has no minute'],
    ['1, * * * *', 'has no minute'],
    ['0 0 31 2,4 *', 'never comes'],
    ['0 0 */2 * 1', 'names days in two ways'],
  ])('refuses "%s"', (text, says) => {
    expect(parseSchedule(text)).toMatchObject({ says: expect.stringContaining(says), hint: expect.stringMatching(/./) })
  })

  it('is written as systemd reads it', () => {
    const lines = ['hourly', '0 4-8/2,22 * jan,DEC sun,6-7', '15 2 1,15 * 1'].flatMap((text) => onCalendar(parsed(text)))
    const said = execFileSync('systemd-analyze', ['calendar', '--base-time=2026-01-01', ...lines], { encoding: 'utf8' })
    expect(said.match(/Next elapse: (?!never)/g)).toHaveLength(lines.length)
  })

  it('comes next, and came last', () => {
    const at = (text: string) => Date.parse(`${text}Z`)
    const tuesday = at('2026-03-03T03:30')
    expect(next(parsed('30 3 * * 1-5'), tuesday)).toBe(at('2026-03-04T03:30'))
    expect(last(parsed('30 3 * * 1-5'), tuesday)).toBe(tuesday)
    expect(next(parsed('weekly'), tuesday)).toBe(at('2026-03-09T00:00'))
    expect(last(parsed('monthly at 03:31'), tuesday)).toBe(at('2026-03-01T03:31'))
    expect(next(parsed('0 0 29 2 *'), tuesday)).toBe(at('2028-02-29T00:00'))
    expect(next(parsed('0 0 13 * 5'), tuesday)).toBe(at('2026-03-06T00:00'))
  })

  it('has a line of a crontab look at all its minutes', () => {
    expect(minutesOf([parsed('daily at 03:17'), parsed('monthly'), parsed('5,17 * * * *')])).toBe('0,5,17')
    expect(minutesOf([parsed('daily'), parsed('* 3 * * *')])).toBe('*')
  })
})
