import { ReleaserError } from '../model/errors.ts'
import type { Finding } from '../model/finding.ts'
import { lookClosely } from '../remote/verify.ts'
import type { Asked } from '../rollout/host.ts'
import { refuseForeign } from '../tasks/refusals.ts'
import { hostFindings, toVerify } from '../tasks/verify.ts'
import type { Call } from './command.ts'

/** Looks at a host that others change meanwhile. */
const TRIES = 5

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
