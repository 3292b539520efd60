import type { Finding } from '../model/finding.ts'
import { count } from '../model/size.ts'
import { HERE } from '../ui/board.ts'
import type { Call, Outcome } from './command.ts'
import { during } from './during.ts'
import { openPlace, releaseMeant } from './place.ts'
import { verified } from './verified.ts'

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
  const look = async () => {
    const list = ui.rows([HERE], { fleeting: true })
    const onProgress = (done: number, total: number) => ui.observe({ event: 'progress', host: null, step: 'verify', done, total })
    const found = await during(ui, 'verify', () => store.verify(all ? null : releases, { signal, onProgress })).finally(() =>
      list.close(),
    )
    return found.map((finding): Finding => ({ host: null, ...finding }))
  }
  const found = await look()
  const fix = values['fix'] === 'true' && found.length > 0
  const findings = fix ? await (await import('./mend-here.ts')).mendHere(call, store, found, look) : found
  return verified(findings, `${count(releases.length, 'release')} in the store`, 'releaser verify --fix')
}
