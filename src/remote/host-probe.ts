import { readFileSync } from 'node:fs'
import type { PortCheck } from '../model/health.ts'
import { nameOf } from './probe-words.ts'
import { toShell } from './shell.ts'

/** src/remote and dist/remote are equally deep, so that one relative path serves both. */
const FUNCTIONS = readFileSync(new URL('../../templates/remote/probe.sh', import.meta.url), 'utf8')

/**
 * The same question as a script for `sh` on the host, for where sshd lets nobody through to the port. It ends within a second of
 * the `seconds` for an answer: with 0 where all is well, else with 1 and one line on stdout that says why not.
 */
export function hostProbe(check: PortCheck, seconds: number): string {
  return `${FUNCTIONS}${toShell([`probe_${check.kind}`, String(check.port), String(Math.ceil(seconds)), ...httpWords(check)])}\n`
}

function httpWords(check: PortCheck): readonly string[] {
  if (check.kind === 'tcp') return []
  const { path, host, expectStatus, expectBody } = check
  return [nameOf(check), path, host, String(expectStatus ?? ''), expectBody ?? '', JSON.stringify(expectBody ?? '')]
}
