import { ReleaserError } from '../model/errors.ts'
import type { HostOutcome } from '../rollout/host.ts'
import type { Call, Outcome } from './command.ts'

/** What came of a command on one host; `exit` null: the line was lost, or the host is left out. */
export interface Ran {
  readonly host: string
  readonly target: string
  readonly ok: boolean
  readonly exit: number | null
  readonly stdout: string
  readonly stderr: string
}

/** What came of it on all hosts, and who was left out. */
export interface AllRan {
  readonly hosts: readonly Ran[]
  readonly skipped: readonly HostOutcome[]
}

/** The last word of a command that ran on hosts: what they printed. Fails with REMOTE_COMMAND where it failed on one of them. */
export function ranOutcome(call: Call, { hosts: ran, skipped }: AllRan, what = 'the command', hint?: string): Outcome {
  const text = ran
    .map((one) => shown(one, ran.length + skipped.length > 1))
    .join('\n')
    .replace(/\n$/, '')
  const hosts = [...ran, ...skipped.map(leftOut)]
  const result = { hosts, ...(skipped.length > 0 && { skipped: skipped.map(({ host }) => host) }) }
  const failed = ran.filter(({ ok }) => !ok)
  if (failed.length === 0) return { result, text }
  call.ui.data(text)
  const ends = failed.map(({ host, exit }) => `${host}: ${exit === null ? 'the line was lost' : `exit code ${exit}`}`).join(', ')
  throw new ReleaserError('REMOTE_COMMAND', `${what} failed (${ends})`, { hint, result })
}

/** Why is a warning already. */
function leftOut({ host, target, message = '' }: HostOutcome): Ran {
  return { host, target, ok: false, exit: null, stdout: '', stderr: `${message}\n` }
}

/** What one host printed, each line with the host's name where several are `named`. */
export function shown({ host, stdout, stderr }: Ran, named: boolean): string {
  const text = `${stdout}${stdout === '' || stderr === '' || stdout.endsWith('\n') ? '' : '\n'}${stderr}`
  return named
    ? text
        .replace(/\n$/, '')
        .split('\n')
        .map((line) => `${host}: ${line}`)
        .join('\n')
    : text
}
