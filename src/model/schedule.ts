/** When a job runs, in the host's time. */
export interface Schedule {
  /** Minute, hour, day of the month, month, weekday (0 is Sunday): numbers by commas, in order, or `*`. */
  readonly fields: readonly [string, string, string, string, string]
  /** Seconds by which it may run later, by chance: so that twenty targets on one machine do not begin at once. */
  readonly spread: number
}

export interface ScheduleProblem {
  readonly says: string
  readonly hint: string
}

const WORDS: Readonly<Record<string, { readonly day: string; readonly month: string; readonly weekday: string }>> = {
  daily: { day: '*', month: '*', weekday: '*' },
  weekly: { day: '*', month: '*', weekday: '1' },
  monthly: { day: '1', month: '*', weekday: '*' },
}

/** How late what is said by a word alone may begin, and what names its hour; five fields are taken at their word. */
const SPREAD = { word: 300, at: 60, fields: 0 } as const

const HINT = "write 'hourly', 'daily', 'weekly' or 'monthly', as in 'daily at 03:30', or the five fields of a crontab"

/** Reads `hourly`, `daily|weekly|monthly [at HH:MM]`, or five fields as in a crontab. */
export function parseSchedule(text: string): Schedule | ScheduleProblem {
  const words = text.trim().split(/\s+/)
  const [word = '', at, time] = words
  if (word === 'hourly' && words.length === 1) return { fields: ['0', '*', '*', '*', '*'], spread: SPREAD.word }
  const meant = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined
  if (meant) {
    const { day, month, weekday } = meant
    if (words.length === 1) return { fields: ['0', '0', day, month, weekday], spread: SPREAD.word }
    const clock = at === 'at' && words.length === 3 ? /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(time ?? '') : null
    if (!clock) return { says: `"${text}" names no time`, hint: `write '${word} at 03:30'` }
    return { fields: [String(Number(clock[2])), String(Number(clock[1])), day, month, weekday], spread: SPREAD.at }
  }
  if (word === 'hourly') return { says: `"${text}" is no schedule`, hint: "write the five fields of a crontab: '17 * * * *'" }
  if (words.length !== 5) return { says: `"${text}" is no schedule`, hint: HINT }
  return parseFields(text, words)
}

/** What is said as so much time between two runs, where a calendar has a word for it. */
const EVERY: Readonly<Record<string, string>> = {
  '1h': 'hourly',
  '24h': 'daily',
  '1d': 'daily',
  '7d': 'weekly',
  '30d': 'monthly',
}

/** Reads a schedule, or `1h`, `1d`, `7d`, `30d`. */
export function parseEvery(text: string): Schedule | ScheduleProblem {
  const meant = Object.hasOwn(EVERY, text) ? EVERY[text] : undefined
  return parseSchedule(meant ?? text)
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

const FIELDS = [
  { name: 'minute', from: 0, to: 59, names: [] },
  { name: 'hour', from: 0, to: 23, names: [] },
  { name: 'day', from: 1, to: 31, names: [] },
  { name: 'month', from: 1, to: 12, names: MONTHS },
  { name: 'weekday', from: 0, to: 7, names: DAYS },
] as const

type Field = (typeof FIELDS)[number]

function parseFields(text: string, words: readonly string[]): Schedule | ScheduleProblem {
  const fields = FIELDS.map((field, index) => parseField(field, words[index] ?? ''))
  const wrong = FIELDS.find((_, index) => fields[index] === undefined)
  if (wrong)
    return { says: `"${text}" has no ${wrong.name} from ${wrong.from} to ${wrong.to}`, hint: "write them as in '30 3 * * 1-5'" }
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = fields as readonly string[]
  const stepped = [words[2], words[4]].some((word) => word?.startsWith('*/'))
  if (stepped && day !== '*' && weekday !== '*')
    return { says: `"${text}" names days in two ways, of which crons mean different things`, hint: 'leave one of them *' }
  const schedule: Schedule = { fields: [minute, hour, day, month, weekday], spread: SPREAD.fields }
  // Eight years hold a 29 February, whatever century they are in.
  const never = next(schedule, Date.UTC(2096, 0, 1), 366 * 9) === null
  return never ? { says: `"${text}" never comes`, hint: 'look at its day and its month' } : schedule
}

/** Numbers by commas, or `*`; undefined where it is none of these. */
function parseField({ from, to, names }: Field, word: string): string | undefined {
  if (word === '*' || word === '*/1') return '*'
  const number = (text: string): number => {
    const named = (names as readonly string[]).indexOf(text.toLowerCase())
    return named >= 0 ? named + (names.length === 12 ? 1 : 0) : /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN
  }
  const all = new Set<number>()
  for (const part of word.split(',')) {
    const [, range = '', step] = /^([^/]+)(?:\/(\d{1,2}))?$/.exec(part) ?? []
    const [low = '', high] = range.split('-', 2)
    const first = range === '*' ? from : number(low)
    const last = range === '*' ? to : high === undefined ? first : number(high)
    const by = step === undefined ? 1 : Number(step)
    if (!(first >= from && last <= to && first <= last && by > 0) || range.split('-').length > 2) return undefined
    if (step !== undefined && range !== '*' && high === undefined) return undefined
    for (let value = first; value <= last; value += by) all.add(names.length === 7 ? value % 7 : value)
  }
  return [...all].sort((a, b) => a - b).join(',')
}

/** The same for systemd, a line each. Where days of the month and weekdays are named, it is whichever comes, as cron has it. */
export function onCalendar({ fields: [minute, hour, day, month, weekday] }: Schedule): readonly string[] {
  const two = (list: string) => list.replaceAll(/\d+/g, (it) => it.padStart(2, '0'))
  const clock = `${two(hour)}:${two(minute)}:00`
  const days = weekday
    .split(',')
    .map((it) => (DAYS[Number(it)] ?? '').replace(/^./, (letter) => letter.toUpperCase()))
    .join(',')
  const byDay = `*-${two(month)}-${two(day)} ${clock}`
  if (weekday === '*') return [byDay]
  const byWeekday = `${days} *-${two(month)}-* ${clock}`
  return day === '*' ? [byWeekday] : [byDay, byWeekday]
}

/** The minutes at which any of them may come, for a crontab's line that is for all of them and looks each hour what is due. */
export function minutesOf(schedules: readonly Schedule[]): string {
  const minutes = schedules.map(({ fields: [minute] }) => minute)
  if (minutes.includes('*')) return '*'
  return [...new Set(minutes.flatMap((list) => list.split(',')))].sort((a, b) => Number(a) - Number(b)).join(',')
}

const DAY = 86_400_000
const MINUTE = 60_000

/** The first time after `wall`, within so many days. Times are those of a wall clock, as if it were in UTC, in milliseconds. */
export function next(schedule: Schedule, wall: number, days = 366 * 9): number | null {
  const first = Math.floor(wall / DAY) * DAY
  for (let day = first; day <= first + days * DAY; day += DAY) {
    const found = clocks(schedule, day).find((at) => at > wall)
    if (found !== undefined) return found
  }
  return null
}

/** The last time until `wall`, itself too. */
export function last(schedule: Schedule, wall: number): number | null {
  const first = Math.floor(wall / DAY) * DAY
  for (let day = first; day >= first - 366 * 9 * DAY; day -= DAY) {
    const found = clocks(schedule, day).findLast((at) => at <= wall)
    if (found !== undefined) return found
  }
  return null
}

/** All times of a day, in order. */
function clocks({ fields: [minute, hour, day, month, weekday] }: Schedule, at: number): readonly number[] {
  const date = new Date(at)
  const has = (list: string, value: number) => list === '*' || list.split(',').includes(String(value))
  const byDay = has(day, date.getUTCDate())
  const byWeekday = has(weekday, date.getUTCDay())
  const fits = day !== '*' && weekday !== '*' ? byDay || byWeekday : byDay && byWeekday
  if (!fits || !has(month, date.getUTCMonth() + 1)) return []
  const all = (list: string, count: number) => (list === '*' ? [...Array(count).keys()] : list.split(',').map(Number))
  return all(hour, 24).flatMap((h) => all(minute, 60).map((m) => at + (h * 60 + m) * MINUTE))
}
