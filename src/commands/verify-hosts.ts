import { loadConfig, pickTargets } from '../local/config.ts'
import { ReleaserError } from '../model/errors.ts'
import type { Finding } from '../model/finding.ts'
import { count } from '../model/size.ts'
import { lookClosely } from '../remote/verify.ts'
import type { Asked } from '../rollout/host.ts'
import { inParallel } from '../rollout/parallel.ts'
import type { Preparation } from '../rollout/prepare.ts'
import { releaseOnHost } from '../tasks/on-host.ts'
import { refuseForeign } from '../tasks/refusals.ts'
import { hostFindings, toVerify } from '../tasks/verify.ts'
import type { Call, Outcome } from './command.ts'
import { destinations, labels } from './destinations.ts'
import { verified } from './verify.ts'
import { withHosts } from './with-hosts.ts'

/** Hosts at once. */
const AT_ONCE = 10
/** Looks at a host that others change meanwhile. */
const TRIES = 5

/** `releaser verify target=…`: the trees on a target's hosts against their lists of files. */
export async function run(call: Call): Promise<Outcome> {
  const { values, globals, ui } = call
  const loaded = await loadConfig({ file: globals.config, cwd: process.cwd() })
  const targets = pickTargets(loaded, values['target'])
  const act = async ({ hosts, skipped }: Preparation): Promise<Outcome> => {
    const only = releaseOnHost(hosts, values['release'])
    const rows = ui.rows(labels(hosts), { fleeting: true })
    const looks = await inParallel(hosts, AT_ONCE, (asked) => verifyHost(call, asked, only)).finally(() => rows.close())
    const found = looks.flat()
    const fix = values['fix'] === 'true' && found.length > 0
    const findings = fix
      ? await (await import('./mend-hosts.ts')).mendHosts(call, { loaded, targets, hosts, only }, found)
      : found
    const outcome = verified(findings, `${only ?? 'all releases'} on ${count(hosts.length, 'host')}`)
    const left = skipped.length === 0 ? {} : { skipped: skipped.map(({ host }) => host) }
    return { ...outcome, result: { ...outcome.result, ...left } }
  }
  return withHosts(call, destinations(targets, values['host']), act, { aside: true })
}

/** All that is wrong on one host. Where somebody changes it meanwhile, it is looked at once more. Fails with LOCKED when that does not end. */
export async function verifyHost(call: Call, first: Asked, only: string | null): Promise<readonly Finding[]> {
  const { ui, signal } = call
  const { target, host, remote, agent } = first
  const step = { event: 'step', host: host.name, step: 'verify' } as const
  ui.observe({ ...step, state: 'start' })
  let { facts } = first
  for (let tries = 0; tries < TRIES; tries++) {
    refuseForeign(facts, { app: target.app, target: target.name, host: host.name })
    const seen = await lookClosely(remote, host.path, toVerify(facts, only), signal)
    if (seen.seq === facts.seq) {
      ui.observe({ ...step, state: 'ok' })
      return hostFindings(facts, seen, only).map((finding) => ({ host: host.name, target: target.name, ...finding }))
    }
    facts = await agent.status()
  }
  throw new ReleaserError('LOCKED', `${host.name} was changed by somebody else each time it was looked at`, {
    hint: 'try again when they are done: releaser status says who is at work',
  })
}
