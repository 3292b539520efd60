import { createHash } from 'node:crypto'
import { ReleaserError } from '../../model/errors.ts'
import { hasControl } from '../../model/name.ts'
import type { Facts } from '../../model/plan.ts'
import type { AppUnit, Service, UnitKind } from '../../model/service.ts'
import type { Host, Target } from '../../model/target.ts'
import { unitName, unitPath, unitPattern, unitWord } from '../../model/unit-text.ts'

/** How the app is started and stopped, and where. */
export interface UnitInput {
  readonly target: Pick<Target, 'name' | 'app'>
  readonly host: Pick<Host, 'name'>
  readonly facts: Pick<Facts, 'root' | 'user' | 'systemd'>
  readonly service: Service
  readonly stopSeconds: number
  readonly kill: boolean
}

/** The unit by which systemd runs an app on a host, from wherever `current` leads at each start. Fails where nobody may have one there. */
export function appUnit(input: UnitInput): AppUnit {
  const { target, host, facts } = input
  const kind = unitKind(facts, host.name)
  const own = createHash('sha256').update([target.app, target.name, facts.root].join('\t')).digest('hex').slice(0, 8)
  const name = unitName('releaser', { app: target.app, target: target.name }, own)
  return { kind, name, text: textOf(kind, input) }
}

function unitKind({ root, user, systemd }: UnitInput['facts'], host: string): UnitKind {
  const refuse = (what: string, hint: string) => new ReleaserError('NOT_CHANGED', `${host}: ${what}`, { hint })
  if (!systemd) throw refuse('systemd does not run there', 'use another runner for this host')
  if (hasControl(root)) throw refuse('its path holds a control character, which no unit can name', 'give the target another path')
  if (user.root) return 'systemd'
  if (user.lingers) return 'systemd-user'
  if (user.sudo) return 'systemd-sudo'
  throw refuse(
    `${user.name} may have no unit that runs when nobody is logged in, as ${user.name} does not linger and sudo -n is not allowed`,
    `as root there: loginctl enable-linger ${user.name}`,
  )
}

function textOf(kind: UnitKind, { target, host, facts, service, stopSeconds, kill }: UnitInput): string {
  const { root, user } = facts
  const ofMachine = kind !== 'systemd-user'
  const env = { APP: target.app, TARGET: target.name, HOST: host.name, PATH: root }
  const run = (script: string) => `/bin/sh -c ${unitWord(`${ENTER}${script}`, { exec: true })} sh`
  return `${[
    '# Written by releaser, at a deploy or by setup: what is changed here is lost.',
    '[Unit]',
    `Description=${unitPath(`${target.app} ${target.name}`)}, deployed by releaser`,
    // A user's systemd mounts nothing and knows no network.
    ...(ofMachine ? [`RequiresMountsFor=${unitWord(root)}`, 'Wants=network-online.target', 'After=network-online.target'] : []),
    `ConditionPathExists=${unitPath(root)}/current`,
    // It is tried again for ever: what is missing at boot may come later.
    'StartLimitIntervalSec=0',
    '',
    '[Service]',
    // For root too: without it there is no HOME.
    ...(ofMachine ? [`User=${unitPath(user.name)}`] : []),
    ...Object.entries(env).map(([name, value]) => `Environment=${unitWord(`RELEASER_${name}=${value}`)}`),
    `EnvironmentFile=-${unitPattern(`${root}/shared/env`)}`,
    `ExecStart=${run(service.start)}`,
    // The node of an OTP release stops in good order on TERM, without another VM that has to find it.
    ...(service.runner === 'commands' && service.stop !== null ? [`ExecStop=${run(service.stop)}`] : []),
    `SyslogIdentifier=${unitPath(target.app)}`,
    'Restart=on-failure',
    'RestartSec=1',
    // A VM ends its own children; the epmd that one of them has started is that of all nodes on the machine.
    `KillMode=${service.runner === 'commands' ? 'control-group' : 'process'}`,
    `TimeoutStopSec=${stopSeconds}`,
    `SendSIGKILL=${kill ? 'yes' : 'no'}`,
    'SuccessExitStatus=143',
    '',
    '[Install]',
    `WantedBy=${ofMachine ? 'multi-user' : 'default'}.target`,
  ].join('\n')}\n`
}

/** Only when it starts is the link looked up: then the app stays in its release's directory, whatever becomes of the link. */
const ENTER = `cd -P "$RELEASER_PATH/current" || exit
RELEASER_RELEASE_DIR=$PWD RELEASER_RELEASE=\${PWD##*/}
RELEASER_RELEASE=\${RELEASER_RELEASE%%~*}; export RELEASER_RELEASE_DIR RELEASER_RELEASE
`
