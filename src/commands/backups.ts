import { loadConfig, pickTargets } from '../local/config.ts'
import { madeAt } from '../model/job.ts'
import { size } from '../model/size.ts'
import { lookAtJobs } from '../remote/jobs.ts'
import { refuseForeign } from '../tasks/refusals.ts'
import { table } from '../ui/table.ts'
import { ago } from '../ui/time.ts'
import type { Call, Outcome } from './command.ts'
import { destinations } from './destinations.ts'
import { demandAnswers, factsOf } from './facts-of.ts'

/** `releaser backups`: those that lie on the hosts, the newest first. */
export async function run(call: Call): Promise<Outcome> {
  const loaded = await loadConfig({ file: call.globals.config, cwd: process.cwd() })
  const targets = await pickTargets(loaded, call.values['target'], call.signal)
  const answers = await factsOf(call, destinations(targets, call.values['host']), async ({ target, host, facts, remote }) => {
    refuseForeign(facts, { app: target.app, target: target.name, host: host.name })
    return facts.format === null ? null : lookAtJobs(remote, host.path, call.signal)
  })
  const backups = answers
    .flatMap(({ target, host, seen }) =>
      (seen?.backups ?? []).map((backup) => ({ host: host.name, target: target.name, ...backup, at: madeAt(backup.name) })),
    )
    .sort((a, b) => ((a.at ?? '') < (b.at ?? '') ? 1 : -1))
  const now = new Date()
  const rows = backups.map(({ host, name, bytes, at }) => [host, name, size(bytes), at === null ? '-' : ago(new Date(at), now)])
  const text = rows.length === 0 ? 'there are none' : table(['host', 'backup', 'size', 'made'], rows)
  if (answers.some(({ error }) => error)) {
    call.ui.data(text)
    demandAnswers(call, answers, { backups })
    return { result: { backups }, text: '' }
  }
  return { result: { backups }, text }
}
