import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { JobKind, JobRows } from '../model/job.ts'
import type { BootKind } from '../model/plan.ts'
import { minutesOf, onCalendar, type Schedule } from '../model/schedule.ts'
import type { UnitKind } from '../model/service.ts'
import { unitPath, unitWord } from '../model/unit-text.ts'
import { startScript } from './bootstrap.ts'
import { cronCommand, cronComment } from './cron-text.ts'
import { encodeJob, listen } from './jobs.ts'
import type { Remote } from './remote.ts'
import { TIMER_HASH, TIMER_SCRIPT } from './timer-script.ts'
import { escapeValue } from './wire.ts'

/** src/remote and dist/remote are equally deep, so that one relative path serves both. */
const SCRIPT = Buffer.concat(
  ['tree', 'ground', 'boot', 'unit', 'told', 'timer-install'].map((name) =>
    readFileSync(new URL(`../../templates/remote/${name}.sh`, import.meta.url)),
  ),
)

/** The jobs of one path, when they run, and what wakes them there. */
export interface Timer {
  readonly app: string
  readonly target: string
  /** The deploy path, absolute and without control characters. */
  readonly root: string
  /** Who logs in there, and runs the jobs. */
  readonly user: string
  readonly kind: BootKind | UnitKind
  readonly jobs: readonly { readonly job: JobKind; readonly schedule: Schedule; readonly rows: JobRows }[]
}

/** `same`: nothing was to be done. `busy`: somebody else is installing there. `why` may be a warning where it went well. */
export interface Installed {
  readonly result: 'changed' | 'same' | 'failed' | 'busy'
  readonly why: string
}

/** Installs just these jobs, or removes all that is installed (null). One exec. Fails with INTERRUPTED, CONNECTION. */
export async function installTimer(remote: Remote, root: string, timer: Timer | null, signal: AbortSignal): Promise<Installed> {
  const talk = await startScript(remote, root, SCRIPT, `${timer === null ? 'verb\tremove\n' : wire(timer)}end\n`)
  const [result = '', why = ''] = await listen(talk, signal, ([key, ...words]) => (key === 'end' ? words : undefined))
  const known = (['changed', 'same', 'busy'] as const).find((word) => word === result)
  return { result: known ?? 'failed', why }
}

function wire(timer: Timer): string {
  const { name, mark } = namesOf(timer)
  const data = timer.jobs.flatMap(({ job, schedule, rows }) => {
    const when = [
      ['schedule', schedule.fields.join(' ')],
      ['spread', String(schedule.spread)],
    ] as const
    return encodeJob([...when, ...rows])
      .replace(/\n$/, '')
      .split('\n')
      .map((line) => `data\t${job}\t${line}\n`)
  })
  const texts = Object.entries(textsOf(timer)).map(([kind, text]) => `unit\t${kind}\t${escapeValue(text)}\n`)
  return [
    'verb\tinstall\n',
    `way\t${timer.kind}\t${name}\t${escapeValue(timer.kind === 'cron' ? mark : '-')}\n`,
    `script\t${TIMER_HASH}\t${escapeValue(TIMER_SCRIPT.toString('utf8'))}\n`,
    ...texts,
    ...data,
  ].join('')
}

/** Two paths on one machine never have the same. */
function namesOf({ app, target, root }: Timer): { readonly name: string; readonly mark: string } {
  const own = createHash('sha256').update([app, target, root].join('\t')).digest('hex').slice(0, 8)
  return {
    name: `releaser-timer-${app}-${target}-${own}`.replaceAll(/[^\w.-]/g, '_'),
    mark: ` # releaser timer: ${app} ${target} ${cronComment(root)}`,
  }
}

/** What is written where: units for systemd, a line for cron. */
export function textsOf(timer: Timer): Readonly<Record<string, string>> {
  const { app, target, root, user, kind, jobs } = timer
  const program = `${root}/.releaser/timer-${TIMER_HASH}.sh`
  const schedules = jobs.map(({ schedule }) => schedule)
  if (kind === 'cron') {
    const command = cronCommand(['/bin/sh', program, root, 'due'])
    return { line: `${minutesOf(schedules)} * * * * ${command}${namesOf(timer).mark}\n` }
  }
  const about = unitPath(`${app} ${target}`)
  const [what, where] = [program, root].map((word) => unitWord(word, { exec: true }))
  const head = '# Written by releaser timer install: what is changed here is lost.'
  const service = [
    head,
    '[Unit]',
    `Description=${about}: backup and sanitize, by releaser`,
    // A user's systemd mounts nothing.
    ...(kind !== 'systemd-user' ? [`RequiresMountsFor=${unitWord(root)}`] : []),
    '',
    '[Service]',
    'Type=oneshot',
    // For root too: without it there is no HOME.
    ...(kind !== 'systemd-user' ? [`User=${unitPath(user)}`] : []),
    'Nice=10',
    `ExecStart=/bin/sh ${what} ${where} due`,
  ]
  const calendar = [...new Set(schedules.flatMap(onCalendar))].map((line) => `OnCalendar=${line}`)
  const woken = [
    head,
    '[Unit]',
    `Description=${about}: when releaser backs up and sanitizes`,
    '',
    '[Timer]',
    ...calendar,
    'Persistent=true',
    'AccuracySec=1s',
    '',
    '[Install]',
    'WantedBy=timers.target',
  ]
  return { service: `${service.join('\n')}\n`, timer: `${woken.join('\n')}\n` }
}
