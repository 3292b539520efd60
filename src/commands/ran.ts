import { ReleaserError } from '../model/errors.ts'
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

/** The last word of a command that ran on hosts: what they printed. Fails with REMOTE_COMMAND where it failed on one of them. */
export function ranOutcome(call: Call, hosts: readonly Ran[], what = 'the command', hint?: string): Outcome {
  const text = hosts
    .map((ran) => shown(ran, hosts.length > 1))
    .join('\n')
    .replace(/\n$/, '')
  const failed = hosts.filter(({ ok }) => !ok)
  if (failed.length === 0) return { result: { hosts }, text }
  call.ui.data(text)
  const ends = failed.map(({ host, exit }) => `${host}: ${exit === null ? 'the line was lost' : `exit code ${exit}`}`).join(', ')
  throw new ReleaserError('REMOTE_COMMAND', `${what} failed (${ends})`, { hint, result: { hosts } })
}

function shown({ host, stdout, stderr }: Ran, named: boolean): string {
  const text = `${stdout}${stdout === '' || stderr === '' || stdout.endsWith('\n') ? '' : '\n'}${stderr}`
  return named
    ? text
        .replace(/\n$/, '')
        .split('\n')
        .map((line) => `${host}: ${line}`)
        .join('\n')
    : text
}
