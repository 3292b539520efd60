import { EXIT_CODES } from '../model/errors.ts'
import type { Finding } from '../model/finding.ts'
import { count } from '../model/size.ts'
import { table } from '../ui/table.ts'
import type { Outcome } from './command.ts'

/** Rows that a screen takes; `--json` has them all. */
const SHOWN = 100

/** How `verify` ends: what was found as a table, and exit 11 unless all of it is mended. `what` was verified; `remedy`: what to type. */
export function verified(findings: readonly Finding[], what: string, remedy: string): Outcome {
  const left = findings.filter(({ mended }) => mended !== true).length
  if (findings.length === 0) return { result: { findings }, text: `${what}: all as it should be` }
  const fixed = findings.some(({ mended }) => mended !== undefined)
  const rows = findings
    .slice(0, SHOWN)
    .map(({ host, release, path, kind, why, mended }) => [
      host ?? 'here',
      release ?? '-',
      path,
      kind,
      why,
      ...(fixed ? [mended === true ? 'mended' : 'left'] : []),
    ])
  const more = findings.length > SHOWN ? `\nand ${findings.length - SHOWN} more; --json has them all` : ''
  const closing =
    left === 0 ? `${count(findings.length, 'finding')}, all mended` : `${count(left, 'finding')}${fixed ? ' left' : ''}`
  return {
    result: { findings },
    text: `${table(['host', 'release', 'path', 'what', 'why', ...(fixed ? ['now'] : [])], rows)}${more}\n\n${what}: ${closing}${fixed ? '' : `\nto mend what can be: ${remedy}`}`,
    ...(left > 0 && { exit: EXIT_CODES.INTEGRITY }),
  }
}
