import { ReleaserError } from '../model/errors.ts'
import type { Finding } from '../model/finding.ts'
import { count } from '../model/size.ts'
import { HERE } from '../ui/board.ts'
import { table } from '../ui/table.ts'
import type { Call, Outcome } from './command.ts'
import { during } from './during.ts'
import { openPlace, releaseMeant } from './place.ts'

/** `releaser verify`: holds the store, or the trees on hosts, against what was packed. */
export async function run(call: Call): Promise<Outcome> {
  if (call.values['target'] !== undefined) return (await import('./verify-hosts.ts')).run(call)
  return verifyHere(call)
}

async function verifyHere(call: Call): Promise<Outcome> {
  const { ui, values, signal } = call
  const place = await openPlace(call, false)
  const { store } = place
  const releases = values['release'] === undefined ? store.list(values['app']) : [releaseMeant(place, call)]
  const all = values['release'] === undefined && values['app'] === undefined
  const list = ui.rows([HERE], { fleeting: true })
  const found = await during(ui, 'verify', () =>
    store.verify(all ? null : releases, {
      signal,
      onProgress: (done, total) => ui.observe({ event: 'progress', host: null, step: 'verify', done, total }),
    }),
  )
  await list.close()
  const findings = found.map((finding) => ({ host: null, ...finding }))
  return verified(findings, `${count(releases.length, 'release')} in the store`)
}

/** Rows that a screen takes; `--json` has them all. */
const SHOWN = 100

/** How `verify` ends: what was found as a table, and exit 11 unless all of it is mended. `what` was verified. */
export function verified(findings: readonly Finding[], what: string, hint?: string): Outcome {
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
    text: `${table(['host', 'release', 'path', 'what', 'why', ...(fixed ? ['now'] : [])], rows)}${more}\n\n${what}: ${closing}${
      left > 0 && hint !== undefined ? `; ${hint}` : ''
    }`,
    ...(left > 0 && { exit: new ReleaserError('INTEGRITY', '').exitCode }),
  }
}
