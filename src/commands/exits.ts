import { type ErrorCode, EXIT_CODES } from '../model/errors.ts'

const MEANINGS: { readonly [code in ErrorCode]: string } = {
  BUG: 'something unforeseen in releaser itself',
  USAGE: 'wrong words; nothing was touched',
  CONFIG: 'wrong words or wrong configuration; nothing was touched',
  CONNECTION: 'a host could not be reached, entered or trusted',
  AUTH: 'a host could not be reached, entered or trusted',
  HOST_KEY: 'a host could not be reached, entered or trusted',
  LOCKED: 'somebody else is at work there',
  BUILD: 'the build failed; nothing was stored',
  NOT_CHANGED: 'failed before the switch: every host is as it was',
  ROLLED_BACK: 'failed after the switch: every host serves what it served before',
  PARTIAL: 'hosts are left in different or unknown states; the message lists each',
  NOT_FOUND: 'no such release, or nothing to choose from',
  REMOTE_COMMAND: 'a command or hook of your own failed',
  INTEGRITY: 'a tarball is gone, damaged, or not what it was',
  INTERRUPTED: 'stopped by a person or by CI; hosts were left in a safe state',
}

/** The exit codes a command can end with and what they mean, in order; 0, 1 and 130 are always among them. */
export function exitMeanings(codes: readonly ErrorCode[]): [string, string][] {
  const meanings = new Map<number, string>([[0, 'done, or nothing to do']])
  for (const code of [...codes, 'USAGE', 'CONFIG', 'BUG', 'INTERRUPTED'] as const) {
    if (code === 'CONFIG' && !codes.includes('CONFIG')) continue
    meanings.set(EXIT_CODES[code], MEANINGS[code])
  }
  return [...meanings].sort(([a], [b]) => a - b).map(([number, meaning]) => [String(number), meaning])
}
