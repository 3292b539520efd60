import type { Ground } from '../model/ground.ts'
import type { Health, ProbeResult } from '../model/health.ts'
import { type Ask, type Closer, lookCloser } from '../remote/closer.ts'
import { hostProbe } from '../remote/host-probe.ts'
import { probe } from '../remote/probe.ts'
import { nameOf } from '../remote/probe-words.ts'
import { ANSWER_SECONDS } from '../rollout/health.ts'
import type { Asked } from '../rollout/host.ts'
import { appState, elsewhere, type Look, NO_APP } from '../tasks/app-state.ts'
import { sudoLines } from '../tasks/check-ground.ts'
import { currentEnv } from '../tasks/current.ts'
import type { Call } from './command.ts'
import type { Seen } from './glance.ts'
import { LATE, LOOK_SECONDS, lookOrProblem } from './see-app.ts'
import { jobsSeen } from './see-host.ts'

/**
 * How the app of a host is, and its jobs, as `seeHost` sees them, and what the host stands on: all of it by one exec, since sudo and fail2ban
 * write down who comes and goes. Changes nothing; takes about eight seconds at most.
 */
export async function seeClosely(call: Call, asked: Asked): Promise<Seen & { readonly ground: Ground }> {
  const { target, host, remote } = asked
  const found = lookOrProblem(asked)
  const look = found !== null && 'release' in found ? found : null
  const health = look?.health
  const through = health && health.kind !== 'command' ? await probe(remote, health, ANSWER_SECONDS) : null
  const asks = look ? asksOf(look, through) : []
  const wish = { sudo: sudoLines(target), asks, env: currentEnv(asked), seconds: LOOK_SECONDS }
  const closer = await lookCloser(remote, host.path, wish, call.signal)
  const app = look ? appState(look, seenBy(look, closer, through)) : found !== null && 'app' in found ? found : NO_APP
  return { ...app, ...jobsSeen(asked, closer.jobs), ground: closer.ground }
}

function asksOf(look: Look, through: ProbeResult | null): readonly Ask[] {
  const { service, health, facts } = look
  const pid = facts.app ? null : (service?.service.pid ?? null)
  const version = elsewhere(look) === null ? (service?.service.version ?? null) : null
  const well = health ? onHost(health, through) : null
  return [
    ...(pid === null ? [] : [{ name: 'pid', line: 'first' as const, script: pid }]),
    ...(version === null ? [] : [{ name: 'version', line: 'first' as const, script: version }]),
    ...(well === null ? [] : [{ name: 'health', line: 'last' as const, script: well }]),
  ]
}

/** What the host itself has to be asked of health: where it is a command, or nobody is let through to the port. */
function onHost(health: Health, through: ProbeResult | null): string | null {
  if (health.kind === 'command') return health.run
  return through !== null && !through.ok && through.forbidden ? hostProbe(health, ANSWER_SECONDS) : null
}

function seenBy(look: Look, { answers }: Closer, through: ProbeResult | null): Parameters<typeof appState>[1] {
  const { facts, service, health } = look
  const said = answers.get('pid')
  const number = said?.exit === 0 ? /\d+/.exec(said.line)?.[0] : undefined
  const pid = facts.app?.pid ?? (number === undefined ? null : Number(number))
  const asked = elsewhere(look) === null && service?.service.version != null
  const version = answers.get('version')
  const told =
    version === undefined
      ? { failed: LATE }
      : version.exit === 0
        ? { said: version.line.slice(0, 100) }
        : { failed: `exit code ${version.exit}` }
  return { pid, version: asked ? told : null, health: health ? wellBy(health, answers.get('health'), through) : null }
}

function wellBy(
  health: Health,
  answer: { readonly exit: number; readonly line: string } | undefined,
  through: ProbeResult | null,
): ProbeResult {
  if (health.kind !== 'command' && through !== null && (through.ok || !through.forbidden)) return through
  if (answer === undefined) return { ok: false, why: LATE }
  if (answer.exit === 0) return { ok: true }
  const bare =
    health.kind === 'command'
      ? `the health command ended with exit code ${answer.exit}`
      : `${nameOf(health)} does not answer as it should`
  return { ok: false, why: `${bare}: ${answer.line}`, bare }
}
