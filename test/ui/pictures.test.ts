import { expect, test } from 'vitest'
import type { Entry } from '../../src/model/merged-history.ts'
import { historyPicture } from '../../src/ui/history-picture.ts'
import { speaksUtf8 } from '../../src/ui/screen.ts'
import { statusPicture } from '../../src/ui/status-picture.ts'
import { width } from '../../src/ui/width.ts'
import { ENTRY } from '../support/facts.ts'
import { deploy, failure, glance, NOW, screen, silent, TOLD } from '../support/glances.ts'

const OLD = { name: '1.3.0', id: '20261010120000-bbbbbbbb', since: NOW - 86_400_000 * 12, by: 'bob@ci' }
const ALL = [
  glance('web1'),
  glance('web2', { remarks: [{ text: 'pinned', wrong: false }] }),
  glance('web3', {
    serves: OLD,
    healthy: false,
    remarks: [{ text: 'GET http://127.0.0.1:4000/health was answered with 500, not with 200', wrong: true }],
  }),
  glance('test1', { target: 'test', running: null, healthy: null }),
  silent('far', { target: 'staging' }),
  glance('new', { target: 'fresh', serves: null, previous: null, running: null, healthy: null }),
]

function status(columns: number, rest: Parameters<typeof screen>[1] = {}): string {
  return `\n${statusPicture(ALL, NOW, screen(columns, rest))}\n`
}

test('status: target by target, what is live where and since when; who differs is set apart', () => {
  expect(status(120)).toBe(`
  host   current      since        app   health  by          previous     free
● prod: hosts differ: 1.4.0 on web1, web2; 1.3.0 on web3
  web1   1.4.0        2 days ago   runs  good    ana@laptop  1.3.0     40.0 GB
  web2   1.4.0        2 days ago   runs  good    ana@laptop  1.3.0     40.0 GB  pinned
≠ web3   1.3.0        12 days ago  runs  bad     bob@ci      1.3.0     40.0 GB
    GET http://127.0.0.1:4000/health was answered with 500, not with 200

● test: 1.4.0 on test1
  test1  1.4.0        2 days ago   -     -       ana@laptop  1.3.0     40.0 GB

● staging: no answer from far
× far    unreachable

● fresh: nothing on new
  new    -            -            -     -       -           -         40.0 GB
`)
})

test('status: in a narrow window what is worth least is left out', () => {
  expect(status(60)).toBe(`
  host   current      since        app   health  by
● prod: hosts differ: 1.4.0 on web1, web2; 1.3.0 on web3
  web1   1.4.0        2 days ago   runs  good    ana@laptop
  web2   1.4.0        2 days ago   runs  good    ana@laptop
    pinned
≠ web3   1.3.0        12 days ago  runs  bad     bob@ci
    GET http://127.0.0.1:4000/health was answered with 500,
    not with 200

● test: 1.4.0 on test1
  test1  1.4.0        2 days ago   -     -       ana@laptop

● staging: no answer from far
× far    unreachable

● fresh: nothing on new
  new    -            -            -     -       -
`)
  expect(Math.max(...status(60).split('\n').map(width))).toBeLessThanOrEqual(60)
})

test('status: without more than ASCII, and with colours', () => {
  expect(status(60, { ascii: true })).toMatch(/^[\n -~]*$/)
  expect(
    statusPicture(ALL.slice(1, 3), NOW, screen(200, { style: TOLD }))
      .split('\n')
      .slice(1),
  ).toEqual([
    '<red>●</red> <b>prod</b>: hosts differ: 1.4.0 on web2; 1.3.0 on web3',
    '  web2  <green>1.4.0</green>    2 days ago   runs  good    ana@laptop  1.3.0     40.0 GB  <dim>pinned</dim>',
    '<yellow>≠</yellow> web3  <yellow>1.3.0</yellow>    12 days ago  runs  <red>bad</red>     bob@ci      1.3.0     40.0 GB  <red>GET http://127.0.0.1:4000/health was answered with 500, not with 200</red>',
  ])
})

test('status: where the hosts are more than the lines of the window, those that are alike share one', () => {
  const many = Array.from({ length: 50 }, (_, index) =>
    glance(`web${String(index + 1).padStart(2, '0')}`, {
      serves: { name: '1.4.0', id: '20261020120000-aaaaaaaa', since: NOW - 86_400_000 * 2 - index * 60_000, by: 'ana@laptop' },
      freeBytes: 40e9 - index * 1e9,
    }),
  ).map((one) => (one.host === 'web17' ? { ...one, serves: OLD } : one.host === 'web40' ? silent('web40') : one))
  const all = [...many, glance('db1', { target: 'data', running: null })]
  expect(statusPicture(all, NOW, screen(80)).split('\n').length).toBe(55)
  expect(`\n${statusPicture(all, NOW, screen(80, { rows: 24 }))}\n`).toBe(`
  host                                current      since        app   health
● prod: hosts differ: 1.4.0 on 48 hosts; 1.3.0 on web17; no answer from web40
  web[01:16], web[18:39], web[41:50]  1.4.0        2 days ago   runs  good
≠ web17                               1.3.0        12 days ago  runs  good
× web40                               unreachable

● data: 1.4.0 on db1
  db1                                 1.4.0        2 days ago   -     good
`)
})

const entry = (rest: Partial<Entry> = {}): Entry => ({ ...ENTRY, ...rest })
const ENTRIES = [
  entry(),
  entry({ host: 'web2', at: '2026-10-20T11:59:58.000Z', by: 'bob', from: 'https://ci.example.com/jobs/4711' }),
  entry({
    version: '1.3.1',
    at: '2026-10-12T12:00:00.000Z',
    ok: false,
    result: 'taken back: GET http://127.0.0.1:4000/health was answered with 500',
  }),
]
const HOSTS = [
  glance('web1', { happenings: [failure(10, '1.3.1', { previous: 'x' }), deploy(2, '1.4.0')] }),
  glance('web2', { happenings: [deploy(2, '1.4.0')] }),
]

test('history: the table, and below it the time', () => {
  expect(`\n${historyPicture(ENTRIES, HOSTS, NOW, screen(130))}\n`).toBe(`
  when (UTC)           host  what    release  by          from                               took  result
  2026-10-20 12:00:00  web1  deploy  1.4.0    ana@laptop  -                                 4.0 s  ok
  2026-10-20 11:59:58  web2  deploy  1.4.0    bob         https://ci.example.com/jobs/4711  4.0 s  ok
  2026-10-12 12:00:00  web1  deploy  1.3.1    ana@laptop  -                                 4.0 s  failed
    taken back: GET http://127.0.0.1:4000/health was answered with 500

                                                                                                   1.4.0
web1  ×────────────────────────────────────────────────────────────────────────────────────────────●───────────────────────  1.4.0
web2                                                                                               ●───────────────────────  1.4.0
      Oct 12             Oct 14              Oct 15             Oct 17             Oct 19              Oct 20           now

● deployed  × failed, taken back
`)
})

test('history: in a narrow window', () => {
  const drawn = historyPicture(ENTRIES, HOSTS, NOW, screen(60))
  expect(`\n${drawn}\n`).toBe(`
  when (UTC)           host  what    release  result
  2026-10-20 12:00:00  web1  deploy  1.4.0    ok
  2026-10-20 11:59:58  web2  deploy  1.4.0    ok
  2026-10-12 12:00:00  web1  deploy  1.3.1    failed
    taken back: GET http://127.0.0.1:4000/health was
    answered with 500

                                           1.4.0
web1  ×────────────────────────────────────●─────────  1.4.0
web2                                       ●─────────  1.4.0
      Oct 12                 Oct 17               now

● deployed  × failed, taken back
`)
  expect(Math.max(...drawn.split('\n').map(width))).toBeLessThanOrEqual(60)
})

test('history: several targets have a timeline each', () => {
  const other = glance('web1', { target: 'test', happenings: [deploy(1, '1.5.0')] })
  const drawn = historyPicture([entry({ target: 'test', version: '1.5.0' }), ...ENTRIES], [...HOSTS, other], NOW, screen(80))
  expect(drawn.split('\n').filter((line) => ['prod', 'test'].includes(line))).toEqual(['prod', 'test'])
  expect(drawn).toContain('  when (UTC)           target  host  what    release')
})

test('history: where nothing has happened it says so', () => {
  expect(historyPicture([], [glance('web1')], NOW, screen(60))).toBe('nothing has happened there yet')
})

test.each([
  [{ LANG: 'de_DE.UTF-8' }, true],
  [{ LANG: 'C.utf8' }, true],
  [{ LANG: 'de_DE.UTF-8', LC_ALL: 'C' }, false],
  [{ LC_CTYPE: 'C.UTF-8', LANG: 'C' }, true],
  [{ LANG: 'C.UTF-8', TERM: 'dumb' }, false],
  [{}, false],
])('%j promises UTF-8: %s', (env, promised) => {
  expect(speaksUtf8(env)).toBe(promised)
})
