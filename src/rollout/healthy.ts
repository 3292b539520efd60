import { ReleaserError } from '../model/errors.ts'
import type { Health, PortCheck, ProbeResult } from '../model/health.ts'
import type { Plan } from '../model/plan.ts'
import { hostProbe } from '../remote/host-probe.ts'
import { probe } from '../remote/probe.ts'
import { nameOf } from '../remote/probe-words.ts'
import { ANSWER_SECONDS, waitHealthy } from './health.ts'
import { type Asked, failureOf, type Working } from './host.ts'
import type { RolloutInput } from './input.ts'

/**
 * Asks the app of a host whose agent waits for that, and tells the agent the answer. Fails where the app is not healthy in time, or
 * ends meanwhile; then the agent is going back already.
 */
export async function seeHealthy(work: Working, health: Health, { signal }: Pick<RolloutInput, 'signal'>): Promise<void> {
  const stop = new AbortController()
  const ended = work.run.ended.then((end) => Promise.reject(failureOf(work, end)))
  ended.catch(() => {})
  const waiting = waitHealthy(
    (seconds) => askOnce(work, health, work.plan.env, seconds),
    health,
    AbortSignal.any([signal, stop.signal]),
  )
  waiting.catch(() => {})
  const result = await Promise.race([waiting, ended]).finally(() => stop.abort())
  if (result.ok) return work.run.go('healthy')
  work.run.go('unhealthy')
  await work.run.ended
  throw new ReleaserError('NOT_CHANGED', `${work.host.name}: the app is not healthy: ${result.why}`, {
    hint: `what it wrote is above, and more: releaser logs target=${work.target.name}`,
  })
}

/** Asks the app of a host once: through the line; where sshd forbids that, or the check is a command, on the host itself. */
export async function askOnce(
  { remote, agent }: Pick<Asked, 'remote' | 'agent'>,
  health: Health,
  env: Plan['env'],
  seconds = ANSWER_SECONDS,
): Promise<ProbeResult> {
  const onHost = (script: string, judge: Judge) => askThere(agent, env, script, judge, seconds)
  if (health.kind === 'command') return onHost(health.run, ofCommand(seconds))
  const through = await probe(remote, health, seconds)
  return !through.ok && through.forbidden ? onHost(hostProbe(health, seconds), ofProbe(health)) : through
}

/** What it means that a script failed, from its exit code (null: it had to be ended) and the last line that it printed. */
type Judge = (code: number | null, words: string) => ProbeResult

const ofCommand =
  (seconds: number): Judge =>
  (code, words) => {
    const bare = `the health command ${code === null ? `did not end within ${seconds} s` : `ended with exit code ${code}`}`
    return { ok: false, why: `${bare}${words === '' ? '' : `: ${words}`}`, bare }
  }

const ofProbe =
  (check: PortCheck): Judge =>
  (_, words) => ({ ok: false, why: words, bare: `${nameOf(check)} does not answer as it should` })

async function askThere(
  agent: Asked['agent'],
  env: Plan['env'],
  script: string,
  judge: Judge,
  seconds: number,
): Promise<ProbeResult> {
  const said: Buffer[] = []
  const channel = await agent.exec([script], env, (chunk) => void said.push(chunk))
  const late = setTimeout(() => channel.destroy(), seconds * 1000)
  channel.stdin.end()
  channel.stdout.on('data', (chunk: Buffer) => void said.push(chunk))
  const { code } = await channel.exit.finally(() => clearTimeout(late))
  if (code === 0) return { ok: true }
  return judge(code, Buffer.concat(said).toString('utf8').trim().split('\n').at(-1) ?? '')
}
