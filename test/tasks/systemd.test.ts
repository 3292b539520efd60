import { describe, expect, it } from 'vitest'
import type { Facts } from '../../src/model/plan.ts'
import type { Target } from '../../src/model/target.ts'
import { bootText } from '../../src/remote/boot-text.ts'
import { planDeploy } from '../../src/tasks/deploy.ts'
import { placed, settingsOf } from '../../src/tasks/service.ts'
import { planService } from '../../src/tasks/service-plans.ts'
import { planSetup } from '../../src/tasks/setup.ts'
import { A, B, factsWith, HOST, onHost, TARGET } from '../support/facts.ts'

const lingers = { name: 'deploy', root: false, lingers: true, sudo: false }
const facts = (rest: Partial<Facts> = {}) => factsWith([onHost(A)], [A], { user: lingers, ...rest })
const target: Target = { ...TARGET, runner: { systemd: true, start: 'exec ./server', stop: './stop "$MAINPID"' } }
const unitFor = (rest: Partial<Facts> = {}, of = target) => placed(of, onHost(A), { host: HOST, facts: facts(rest) })?.unit

describe('the unit of an app', () => {
  it('is the whole of how it runs', () => {
    expect(unitFor()).toEqual({
      kind: 'systemd-user',
      name: expect.stringMatching(/^releaser-shop-prod-[0-9a-f]{8}\.service$/),
      text: String.raw`# Written by releaser, at a deploy or by setup: what is changed here is lost.
[Unit]
Description=shop prod, deployed by releaser
ConditionPathExists=/srv/shop/current
StartLimitIntervalSec=0

[Service]
Environment="RELEASER_APP=shop"
Environment="RELEASER_TARGET=prod"
Environment="RELEASER_HOST=web1"
Environment="RELEASER_PATH=/srv/shop"
EnvironmentFile=-/srv/shop/shared/env
ExecStart=/bin/sh -c "cd -P \"$$RELEASER_PATH/current\" || exit\nRELEASER_RELEASE_DIR=$$PWD RELEASER_RELEASE=$\${PWD##*/}\nRELEASER_RELEASE=$\${RELEASER_RELEASE%%%%~*}; export RELEASER_RELEASE_DIR RELEASER_RELEASE\nexec ./server" sh
ExecStop=/bin/sh -c "cd -P \"$$RELEASER_PATH/current\" || exit\nRELEASER_RELEASE_DIR=$$PWD RELEASER_RELEASE=$\${PWD##*/}\nRELEASER_RELEASE=$\${RELEASER_RELEASE%%%%~*}; export RELEASER_RELEASE_DIR RELEASER_RELEASE\n./stop \"$$MAINPID\"" sh
SyslogIdentifier=shop
Restart=on-failure
RestartSec=1
KillMode=control-group
TimeoutStopSec=30
SendSIGKILL=no
SuccessExitStatus=143

[Install]
WantedBy=default.target
`.replaceAll('$\\', '$'),
    })
  })

  it('of the machine names the user, and waits for disk and network', () => {
    const { text } = unitFor({ user: { ...lingers, lingers: false, sudo: true }, root: '/srv/50% [of] *' }) ?? {}
    expect(text).toContain('\nRequiresMountsFor="/srv/50%% [of] *"\nWants=network-online.target\nAfter=network-online.target\n')
    expect(text).toContain('\nConditionPathExists=/srv/50%% [of] */current\n')
    expect(text).toContain('\nEnvironmentFile=-/srv/50%% \\[of\\] \\*/shared/env\n')
    expect(text).toContain('\nUser=deploy\n')
    expect(text).toMatch(/\nWantedBy=multi-user\.target\n$/)
  })

  it.each<[string, Partial<Facts>, string]>([
    ['root', { user: { ...lingers, root: true, sudo: true } }, 'systemd'],
    ['who lingers', { user: { ...lingers, sudo: true } }, 'systemd-user'],
    ['who may sudo', { user: { ...lingers, lingers: false, sudo: true } }, 'systemd-sudo'],
  ])('belongs to the systemd that %s may use', (_, rest, kind) => {
    expect(unitFor(rest)?.kind).toBe(kind)
  })

  it.each<[string, Partial<Facts>, string]>([
    ['who may do neither', { user: { ...lingers, lingers: false } }, 'as root there: loginctl enable-linger deploy'],
    ['a host without systemd', { systemd: false }, 'use another runner for this host'],
    ['a path that no unit can name', { root: '/srv/a\nb' }, 'give the target another path'],
  ])('is refused %s', (_, rest, hint) => {
    expect(() => unitFor(rest)).toThrow(expect.objectContaining({ code: 'NOT_CHANGED', hint }))
  })

  it('lets the VM of an OTP release end its own children, and stops it by TERM', () => {
    const found = placed(
      { ...TARGET, runner: 'systemd', kill: true, stopTimeout: '1m' },
      onHost(A, { layout: 'mix/shop/1.4.0' }),
      {
        host: HOST,
        facts: facts(),
      },
    )
    expect(found?.service.runner).toBe('mix')
    expect(found?.unit?.text).toContain('\nKillMode=process\nTimeoutStopSec=60\nSendSIGKILL=yes\n')
    expect(found?.unit?.text).not.toContain('ExecStop')
    expect(found?.unit?.text).toMatch(/\nExecStart=.*exec bin\/shop start" sh\n/)
  })
})

const unit = unitFor() ?? null
const there = { ...(unit ?? { kind: 'systemd-user', name: '', text: '' }), active: true }
const settings = settingsOf(target, placed(target, onHost(A), { host: HOST, facts: facts() })) ?? ''
const running = (rest: Partial<Facts> = {}) => {
  const known = facts({ unit: there, app: { pid: 7, dir: A }, ...rest })
  return { ...known, ...(known.state && { state: { ...known.state, settings } }) }
}

describe('a deploy', () => {
  const release = { id: A, version: 'v01', digest: `sha256:${A}`, manifest: null }
  const plan = (of: Target, known: Facts, id: string = A) =>
    planDeploy({
      ...{ action: 'rollback', target: of, host: HOST, release: { ...release, id }, facts: known },
      ...{ knownManifests: new Set<string>(), force: false, by: 'ana', dryRun: false },
    })
  const stepsOf = (of: Target, known: Facts) =>
    plan(of, known).steps.flatMap((each) => (each.step === 'prune' ? [] : [each.step]))

  it('has nothing to do where the app runs by this unit', () => {
    expect(stepsOf(target, running())).toEqual([])
  })

  const around = ['await', 'depart', 'stop', 'activate']
  const rest = ['start', 'prove', 'confirm']
  it.each<[string, Target, Facts, readonly string[]]>([
    ['is not installed', target, running({ unit: null }), [...around, 'unit', ...rest]],
    ['is another', target, running({ unit: { ...there, text: 'x' } }), [...around, 'unit', ...rest]],
    ['belongs to another systemd', target, running({ unit: { ...there, kind: 'systemd' } }), [...around, 'unit', ...rest]],
    ['has been disabled', target, running({ unit: { ...there, text: null } }), [...around, 'unit', ...rest]],
    ['is there, and the app runs beside it', target, running({ unit: { ...there, active: false } }), [...around, ...rest]],
    ['is to go', { ...TARGET, runner: { start: 'x' } }, running(), [...around, 'unit', ...rest]],
    ['is to go, and nothing runs any more', { ...TARGET, runner: 'none' }, running(), [...around, 'unit', 'confirm']],
  ])('starts it again where the unit %s', (_, of, known, steps) => {
    expect(stepsOf(of, known)).toEqual(steps)
  })

  it('stops the old app by the unit that the host has, whatever the target says now', () => {
    expect(plan({ ...TARGET, runner: { start: 'x' } }, running()).services).toMatchObject({
      old: { unit: there },
      new: { unit: null },
    })
    expect(plan({ ...TARGET, runner: 'none' }, running()).services).toMatchObject({ old: { unit: there }, new: null })
    expect(plan(target, running({ unit: null })).services).toMatchObject({ old: { unit: null }, new: { unit } })
  })
})

describe('setup', () => {
  const steps = (of: Target, known: Facts) => planSetup({ target: of, host: HOST, facts: known, bootText }).steps
  const boot = { kind: 'systemd-user', ...bootText('systemd-user', { app: 'shop', target: 'prod', root: '/srv/shop' }) }

  it('writes the unit, once', () => {
    expect(steps(target, facts({ boot }))).toEqual([
      { step: 'await', word: 'activate' },
      { step: 'unit', unit },
    ])
    expect(steps(target, running({ boot }))).toEqual([])
  })

  it('leaves to a deploy what it cannot know, or what stops the app first', () => {
    const none = factsWith([], [], { user: lingers, boot })
    expect(steps({ ...target, runner: 'systemd' }, none)).toEqual([])
    expect(steps(target, none)).toMatchObject([{ step: 'await' }, { step: 'unit', unit }])
    expect(steps(target, running({ boot, unit: { ...there, kind: 'systemd' } }))).toEqual([])
    expect(steps({ ...TARGET, runner: 'none' }, running({ boot }))).toEqual([])
  })
})

describe('start, stop and restart', () => {
  const plan = (action: 'start' | 'stop' | 'restart', known: Facts, of = target) =>
    planService(action, { target: of, host: HOST, facts: known, first: true })

  it('use the unit that is there', () => {
    expect(plan('restart', running()).services).toMatchObject({ old: { unit: there }, new: { unit: there } })
    expect([
      plan('start', running()).steps,
      plan('stop', running({ app: null, unit: { ...there, active: false } })).steps,
    ]).toEqual([[], []])
    // It has ended, and systemd is about to start it again.
    expect(plan('stop', running({ app: null })).steps).not.toEqual([])
  })

  it('say who writes it where there is none', () => {
    expect(() => plan('restart', facts())).toThrow(
      expect.objectContaining({
        code: 'NOT_CHANGED',
        hint: 'have it written: releaser setup target=prod; a deploy does that too',
      }),
    )
    expect(plan('stop', running({ unit: null })).steps).not.toEqual([])
  })
})

it('what the configuration says of the unit is a reason to restart, and nothing changes for who has none', () => {
  const hash = (of: Target) => settingsOf(of, placed(of, onHost(B), { host: HOST, facts: facts() }))
  expect(hash({ ...target, stopTimeout: '5s' })).not.toBe(hash(target))
  expect(hash({ ...TARGET, runner: { start: 'exec ./server', stop: './stop "$MAINPID"' } })).not.toBe(hash(target))
})
