import { loadConfig, pickTargets } from '../local/config.ts'
import { count } from '../model/size.ts'
import { inParallel } from '../rollout/parallel.ts'
import type { Preparation } from '../rollout/prepare.ts'
import { namedOn } from '../tasks/on-host.ts'
import type { Call, Outcome } from './command.ts'
import { destinations, labels } from './destinations.ts'
import { memoryAt } from './memory.ts'
import { verified } from './verified.ts'
import { verifyHost } from './verify-host.ts'
import { withHosts } from './with-hosts.ts'

/** Hosts at once. */
const AT_ONCE = 10

/** `releaser verify target=…`: the trees on a target's hosts against their lists of files. */
export async function run(call: Call): Promise<Outcome> {
  const { values, globals, ui } = call
  const loaded = await loadConfig({ file: globals.config, cwd: process.cwd() })
  const targets = await pickTargets(loaded, values['target'], call.signal)
  const { release: ref } = values
  const memory = memoryAt(loaded, call)
  const act = async ({ hosts, skipped }: Preparation): Promise<Outcome> => {
    const only = ref === undefined ? null : namedOn(hosts, ref, await memory.releases(targets.map(({ app }) => app)))
    const rows = ui.rows(labels(hosts), { fleeting: true })
    const looks = await inParallel(hosts, AT_ONCE, (asked) => verifyHost(call, asked, only)).finally(() => rows.close())
    const found = looks.flat()
    const fix = values['fix'] === 'true' && found.length > 0
    const findings = fix
      ? await (await import('./mend-hosts.ts')).mendHosts(call, { loaded, targets, hosts, only }, found)
      : found
    const outcome = verified(
      findings,
      `${only ?? 'all releases'} on ${count(hosts.length, 'host')}`,
      `releaser verify target=${values['target']} --fix`,
    )
    const left = skipped.length === 0 ? {} : { skipped: skipped.map(({ host }) => host) }
    return { ...outcome, result: { ...outcome.result, ...left } }
  }
  return withHosts(call, destinations(targets, values['host'], memory.recall), act, { aside: true })
}
