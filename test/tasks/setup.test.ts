import { describe, expect, it } from 'vitest'
import type { Facts } from '../../src/model/plan.ts'
import { bootText } from '../../src/remote/boot-text.ts'
import { bootWay, planSetup } from '../../src/tasks/setup.ts'
import { A, factsWith, HOST, onHost, TARGET } from '../support/facts.ts'

const facts = (rest: Partial<Facts> = {}) => factsWith([onHost(A)], [A], rest)
const deploy = { name: 'deploy', root: false, lingers: false, sudo: false }
const withCron = [...facts().tools, 'crontab']
const plan = (rest: Partial<Facts>) => planSetup({ target: TARGET, host: HOST, facts: facts(rest), bootText })
const line = bootText('cron', { app: 'shop', target: 'prod', root: '/srv/shop' })

describe('bootWay', () => {
  it.each<[string, Partial<Facts>, string]>([
    ['root with systemd', { user: { ...deploy, root: true }, tools: withCron }, 'systemd'],
    ['a user who lingers', { user: { ...deploy, lingers: true }, tools: withCron }, 'systemd-user'],
    ['a user who does not, with cron', { tools: withCron }, 'cron'],
    ['root without systemd, with cron', { user: { ...deploy, root: true }, systemd: false, tools: withCron }, 'cron'],
    ['a user who lingers, but not now', { user: { ...deploy, lingers: true }, systemd: false, tools: withCron }, 'cron'],
  ])('%s: the best there is', (_, rest, kind) => {
    expect(bootWay(facts(rest))).toEqual({ kind })
  })

  it('says what to do where there is no way', () => {
    const why = 'nothing that deploy may use starts programs at boot; '
    expect(bootWay(facts())).toEqual({
      kind: null,
      why: `${why}as root: loginctl enable-linger deploy, then run setup again`,
    })
    expect(bootWay(facts({ systemd: false }))).toEqual({ kind: null, why: `${why}install cron, then run setup again` })
  })
})

describe('planSetup', () => {
  it('installs what is missing or another, on all hosts or none, and leaves the releases alone', () => {
    const steps = [
      { step: 'await', word: 'activate' },
      { step: 'boot', kind: 'cron', ...line },
    ]
    expect(plan({ tools: withCron })).toMatchObject({ action: 'setup', release: null, from: A, steps })
    expect(plan({ tools: withCron, boot: { kind: 'cron', text: 'older' } }).steps).toEqual(steps)
    expect(plan({ tools: withCron, boot: { kind: 'systemd-user', text: line.text } }).steps).toEqual(steps)
    expect(plan({ tools: withCron }).next).toMatchObject({ releases: [onHost(A)], served: [A] })
  })

  it('has nothing to do where it is there word for word, but settles what died there', () => {
    const boot = { kind: 'cron', text: line.text }
    expect(plan({ tools: withCron, boot }).steps).toEqual([])
    expect(plan({ tools: withCron, boot, unsettled: 'x.open' }).steps).toEqual([{ step: 'await', word: 'activate' }])
  })

  it('prepares folders where nothing starts programs at boot', () => {
    expect(plan({}).steps).toEqual([])
    expect(plan({ format: null, identity: null }).steps).toEqual([{ step: 'await', word: 'activate' }])
  })

  it.each<[string, Partial<Facts>, string]>([
    ['another app', { identity: { app: 'blog', target: 'prod' } }, 'USAGE'],
    ['a path that is not writable', { writable: false }, 'NOT_CHANGED'],
    ['no tar', { tools: ['gzip'] }, 'NOT_CHANGED'],
  ])('refuses %s', (_, rest, code) => {
    expect(() => plan(rest)).toThrowError(expect.objectContaining({ code }))
  })
})
