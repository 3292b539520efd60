import { ReleaserError } from '../model/errors.ts'
import type { JobFinding } from '../model/job-findings.ts'
import { lockInWords } from '../model/lock.ts'
import type { Facts } from '../model/plan.ts'
import { size } from '../model/size.ts'
import type { AppState } from './app-state.ts'
import { refuseLacking, refusePlace } from './refusals.ts'
import { bootWay } from './setup.ts'

/** Something that was looked at. `remedy`: what to type or do; empty where nothing is wrong. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'error'
  readonly check: string
  readonly message: string
  readonly remedy: string
  /** What fails for this reason, where something would. */
  readonly error?: ReleaserError
}

export interface CheckedHost {
  readonly app: string
  readonly target: string
  readonly host: string
  readonly facts: Facts
  /** When the facts came, by the clock here: milliseconds since 1970. */
  readonly now: number
  readonly state: AppState
  readonly jobs: readonly JobFinding[]
}

/** Less than that is little for any release. */
const LITTLE = { bytes: 200_000_000, inodes: 2_000 }
/** With less than that nothing can be noted there, however small a release is. */
const NEXT_TO_NOTHING = { bytes: 1_000_000, inodes: 5 }
/** Seconds by which clocks may differ: times in lists are those of hosts. */
const SKEW = 60

/** What there is to say of a host that has said how it is. */
export function hostFindings(checked: CheckedHost): readonly Finding[] {
  return [
    ...lacking(checked),
    place(checked),
    ...room(checked),
    clock(checked),
    boot(checked),
    ...work(checked),
    ...app(checked),
    ...jobs(checked),
  ]
}

/** What a failure says, as a finding. */
export function findingOf(check: string, error: ReleaserError): Finding {
  return { level: 'error', check, message: error.message, remedy: error.hint ?? '', error }
}

function lacking({ facts, host }: CheckedHost): readonly Finding[] {
  return refused('tools', () => refuseLacking(facts, host))
}

/** Whether a deploy could begin: path, whose it is. */
function place({ facts, app, target, host }: CheckedHost): Finding {
  const unfit = refused('path', () => refusePlace(facts, { app, target, host }))
  const there = facts.exists ? '' : ', which the first deploy makes'
  return unfit[0] ?? ok('path', `${facts.user.name} may write in ${facts.root}${there}; ${facts.system}`)
}

function refused(check: string, refuse: () => void): readonly Finding[] {
  try {
    refuse()
    return []
  } catch (error) {
    if (!(error instanceof ReleaserError)) throw error
    return [findingOf(check, error)]
  }
}

function room({ facts: { freeBytes, freeInodes, mount } }: CheckedHost): readonly Finding[] {
  const where = mount === null ? '' : ` on ${mount}`
  const remedy = 'make room there, or lower keep and run releaser prune'
  const bytes = freeBytes === null ? [] : [`${size(freeBytes)} are free${where}`]
  const full = (what: string): readonly Finding[] => [
    findingOf(
      'disk',
      new ReleaserError('NOT_CHANGED', `no room for any release: only ${what} are free${where}`, { hint: remedy }),
    ),
  ]
  if (freeBytes !== null && freeBytes < NEXT_TO_NOTHING.bytes) return full(size(freeBytes))
  if (freeInodes !== null && freeInodes < NEXT_TO_NOTHING.inodes) return full(`${freeInodes} inodes`)
  if (freeBytes !== null && freeBytes < LITTLE.bytes) return [warning('disk', `only ${bytes.join()}`, remedy)]
  if (freeInodes !== null && freeInodes < LITTLE.inodes)
    return [warning('disk', `only ${freeInodes} inodes are free${where}`, remedy)]
  return bytes.map((message) => ok('disk', message))
}

function clock({ facts: { time }, now }: CheckedHost): Finding {
  const seconds = Math.round(time - now / 1000)
  if (Math.abs(seconds) <= SKEW) return ok('clock', 'it agrees with the one here')
  const message = `it is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} the one here`
  return warning('clock', message, 'have both set their clocks by NTP: timedatectl set-ntp true')
}

function boot({ facts, target }: CheckedHost): Finding {
  const way = bootWay(facts)
  if (facts.boot) return ok('boot', `what a reboot cuts off is settled at boot, by ${facts.boot.kind}`)
  const message = 'a deploy that a reboot cuts off is settled only by the next command'
  return warning('boot', message, way.kind === null ? way.why : `releaser setup target=${target}`)
}

function work({ facts: { lock, frozen, unsettled }, target }: CheckedHost): readonly Finding[] {
  if (lock) return [warning('lock', `at work there is ${lockInWords(lock)}`, 'wait for them, for instance with --wait=10m')]
  return [
    frozen
      ? warning('lock', `frozen by ${lockInWords(frozen)}`, `releaser unlock target=${target}`)
      : ok('lock', 'nobody is at work there'),
    ...(unsettled === null
      ? []
      : [warning('unsettled', 'a deploy was cut off', `releaser deploy target=${target}, or any change, settles it`)]),
  ]
}

function app({ state: { app, healthy, problem }, target }: CheckedHost): readonly Finding[] {
  const log = `releaser logs target=${target}`
  if (app && !app.running) return [warning('app', problem ?? 'it does not run', `releaser start target=${target}`)]
  if (problem !== null) return [warning('app', problem, log)]
  if (healthy === false) return [warning('app', 'it is not healthy', log)]
  return app ? [ok('app', healthy === null ? 'it runs' : 'it runs, and is healthy')] : []
}

function jobs({ jobs }: CheckedHost): readonly Finding[] {
  return jobs.map(({ job, message, remedy }) => warning(job, message, remedy))
}

export function ok(check: string, message: string): Finding {
  return { level: 'ok', check, message, remedy: '' }
}

export function warning(check: string, message: string, remedy: string): Finding {
  return { level: 'warning', check, message, remedy }
}
