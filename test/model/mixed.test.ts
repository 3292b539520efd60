import { expect, test } from 'vitest'
import { mixedAmong } from '../../src/model/mixed.ts'
import type { HistoryEntry } from '../../src/model/plan.ts'
import { ROLLOUT_CHARACTERS, transactionOf } from '../../src/model/transaction.ts'
import { factsWith } from '../support/facts.ts'

/** Transactions of one rollout are alike but for the host's number. */
const ROLLOUT = (letter: string) => letter.repeat(ROLLOUT_CHARACTERS)

/** `deploy x ok`, `deploy x back`, `pin y ok`: an action, the transaction, and how it ended. */
function entry(text: string, at: number, host: number): HistoryEntry {
  const [action = '', letter = '', how = ''] = text.split(' ')
  const transaction = transactionOf(ROLLOUT(letter), host)
  const result = how === 'ok' ? 'ok' : 'taken back: nobody confirmed it'
  const about = { release: `r-${letter}`, previous: null, by: 'ana', from: 'laptop', seconds: 1 }
  return { at, transaction, action, ok: how === 'ok', result, ...about }
}

const unsettledOf = (letter: string | undefined, host: number) =>
  letter === undefined ? null : transactionOf(ROLLOUT(letter), host)

function mixed(histories: Readonly<Record<string, readonly string[]>>, unsettled: Readonly<Record<string, string>> = {}) {
  const hosts = Object.entries(histories).map(([name, lines], host) => ({
    name,
    facts: factsWith([], [], {
      history: lines.map((line, at) => entry(line, at, host)),
      unsettled: unsettledOf(unsettled[name], host),
    }),
  }))
  const names = (some: readonly { readonly name: string }[]) => some.map(({ name }) => name).join(' ')
  return mixedAmong(hosts).map(({ rollout, on, behind }) => `${rollout[0]}: ${names(on)} | ${names(behind)}`)
}

test.each<readonly [string, Readonly<Record<string, readonly string[]>>, readonly string[]]>([
  ['one end everywhere', { a: ['deploy x ok'], b: ['deploy x ok'] }, []],
  ['taken back everywhere', { a: ['deploy x back'], b: ['deploy x back'] }, []],
  ['two ends', { a: ['deploy x ok'], b: ['deploy x back'], c: ['deploy x ok'] }, ['x: a c | b']],
  ['brought there since', { a: ['deploy x ok'], b: ['deploy x back', 'deploy y ok'] }, []],
  ['gone back since', { a: ['deploy x ok', 'rollback y ok'], b: ['deploy x back'] }, []],
  ['a pin is no end', { a: ['deploy x ok', 'pin y ok'], b: ['deploy x back', 'pin y ok'] }, ['x: a | b']],
  ['a host that was not meant', { a: ['deploy x ok'], b: ['deploy w ok'], c: [] }, []],
  [
    'a later one that failed everywhere',
    { a: ['deploy x ok', 'deploy y back'], b: ['deploy x back', 'deploy y back'] },
    ['x: a | b'],
  ],
  [
    'two rollouts, the newest first',
    { a: ['deploy x ok'], b: ['deploy x back'], c: ['deploy w ok', 'deploy y ok'], d: ['deploy w ok', 'deploy y back'] },
    ['y: c | d', 'x: a | b'],
  ],
])('%s', (_, histories, found) => {
  expect(mixed(histories)).toEqual(found)
})

test('a host that is still about to go back is behind as well', () => {
  expect(mixed({ a: ['deploy x ok'], b: ['deploy w ok'] }, { b: 'x' })).toEqual(['x: a | b'])
})
