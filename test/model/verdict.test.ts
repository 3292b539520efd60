import { expect, test } from 'vitest'
import type { Facts, HistoryEntry, Lock } from '../../src/model/plan.ts'
import { ROLLOUT_CHARACTERS, transactionOf } from '../../src/model/transaction.ts'
import { fateOf, type Verdict } from '../../src/model/verdict.ts'
import { factsWith, onHost } from '../support/facts.ts'

const OLD = onHost('20260101000000-old')
const NEW = onHost('20260102000000-new')
const ROLLOUT = (letter: string) => letter.repeat(ROLLOUT_CHARACTERS)
const VERDICT: Verdict = {
  rollout: ROLLOUT('a'),
  at: '2026-01-02T00:00:00.000Z',
  by: 'ana@laptop',
  action: 'deploy',
  hosts: ['web1', 'web2', 'web3'].map((host) => ({ target: 'prod', host, release: { id: NEW.id, version: NEW.version } })),
}

/** `deploy a ok`, `deploy b back`. */
function entry(text: string, host: number): HistoryEntry {
  const [action = '', letter = '', how] = text.split(' ')
  const about = { release: NEW.id, previous: OLD.id, by: 'ana', from: 'laptop', seconds: 1, at: 1 }
  return {
    ...about,
    action,
    transaction: transactionOf(ROLLOUT(letter), host),
    ok: how === 'ok',
    result: how === 'ok' ? 'ok' : 'taken back',
  }
}

const LOCK: Lock = { by: 'bob', since: 1, message: '', where: '', frozen: false }
/** What a host remembers, or what else is with it. */
type Told = string | 'silent' | 'busy' | 'unsettled' | 'serves new'

function facts(told: Told, host: number): Facts | null {
  const serving = (release: typeof OLD, more: Partial<Facts> = {}) => factsWith([OLD, NEW], [release.id], more)
  if (told === 'silent') return null
  if (told === 'busy') return serving(NEW, { lock: LOCK, unsettled: transactionOf(ROLLOUT('a'), host) })
  if (told === 'unsettled') return serving(NEW, { unsettled: transactionOf(ROLLOUT('a'), host) })
  if (told === 'serves new') return serving(NEW)
  if (told === 'serves old') return serving(OLD)
  return serving(OLD, { history: told.split(', ').map((line) => entry(line, host)) })
}

function fate(...told: readonly Told[]) {
  const hosts = told.map((each, index) => ({
    target: { name: 'prod' },
    host: { name: `web${index + 1}` },
    facts: facts(each, index),
  }))
  const found = fateOf(VERDICT, hosts)
  if (typeof found === 'string') return found
  const names = (some: readonly { readonly host: string }[]) => some.map(({ host }) => host).join(' ')
  return `${names(found.on)} | ${names(found.back)} | ${names(found.unknown)}`
}

test.each<readonly [string, readonly Told[], string]>([
  ['all stay', ['deploy a ok', 'deploy a ok', 'deploy a ok'], 'over'],
  ['all went back', ['deploy a back', 'deploy a back', 'deploy a back'], 'over'],
  ['some went back', ['deploy a ok', 'deploy a back', 'deploy a ok'], 'web1 web3 | web2 | '],
  ['one is silent', ['deploy a ok', 'deploy a ok', 'silent'], 'web1 web2 |  | web3'],
  ['one was not asked', ['deploy a ok', 'deploy a back'], 'web1 | web2 | web3'],
  ['one has not settled it', ['deploy a ok', 'unsettled', 'deploy a ok'], 'web1 web3 |  | web2'],
  ['somebody is at work', ['deploy a ok', 'busy', 'silent'], 'going on'],
  ['brought there since', ['deploy a ok', 'deploy a back, deploy b ok', 'deploy a ok'], 'over'],
  ['moved on since', ['deploy a ok, rollback b ok', 'deploy a back', 'silent'], 'over'],
  [
    'what failed since changed nothing',
    ['deploy a ok, deploy b back', 'deploy a back, deploy b back', 'deploy a ok'],
    'web1 web3 | web2 | ',
  ],
  ['one could not write it down, and serves it', ['deploy a ok', 'serves new', 'deploy a ok'], 'over'],
  ['one could not write it down, and serves the old one', ['deploy a ok', 'serves old', 'deploy a ok'], 'web1 web3 | web2 | '],
])('%s', (_, told, found) => {
  expect(fate(...told)).toBe(found)
})
