import { loadConfig, targetsOrAll } from '../local/config.ts'
import { ReleaserError } from '../model/errors.ts'
import type { Ground } from '../model/ground.ts'
import type { Login, Route } from '../model/login.ts'
import { routeOf } from '../remote/route.ts'
import type { Asked } from '../rollout/host.ts'
import { inParallel } from '../rollout/parallel.ts'
import { NO_APP } from '../tasks/app-state.ts'
import { groundFindings } from '../tasks/check-ground.ts'
import { type Finding, findingOf, hostFindings } from '../tasks/check-host.ts'
import { lineFindings } from '../tasks/check-line.ts'
import { oneLine } from '../ui/sanitize.ts'
import type { Call, Outcome } from './command.ts'
import { destinations } from './destinations.ts'
import { type Answer, factsOf } from './facts-of.ts'
import type { Seen } from './glance.ts'
import { seeClosely } from './see-closely.ts'

type Told = Finding & { readonly target: string | null; readonly host: string | null }

/** What was seen of a host that let us in. */
type Looked = Seen & {
  readonly now: number
  readonly ground: Ground | null
  readonly blind: ReleaserError | null
  readonly login: Login | undefined
}

/**
 * `releaser check`: whether all is as a deploy and the time after it need it, and what to do where it is not. Changes nothing; one connection and two
 * execs a host. Fails with what would fail: CONNECTION, AUTH, HOST_KEY, NOT_CHANGED, USAGE; warnings alone are no failure.
 */
export async function run(call: Call): Promise<Outcome> {
  const { globals, values, ui } = call
  const loaded = await loadConfig({ file: globals.config, cwd: process.cwd() })
  const targets = await targetsOrAll(loaded, values['target'], call.signal)
  const config: Told = { target: null, host: null, level: 'ok', check: 'config', message: `${loaded.file} is sound`, remedy: '' }
  const all = destinations(targets, values['host'])
  // What cannot be resolved says so once more when it is connected to.
  const routes = await inParallel(all, 10, ({ host, target }) => routeOf(host, target).catch(() => null))
  const answers = await factsOf(call, all, (asked) => look(call, asked))
  const told = answers.flatMap((answer, index) => findingsOn(answer, routes[index] ?? null))
  const findings = [config, ...told]
  const result = {
    findings: findings.map(({ host, target, level, check, message, remedy }) => ({
      host,
      target,
      level,
      check,
      message,
      remedy,
    })),
  }
  const wrong = findings.filter(({ level }) => level === 'error')
  const text = inWords(findings)
  const [first] = wrong
  if (!first) return { result, text }
  ui.data(text)
  const message =
    wrong.length === 1 ? first.message : `${wrong.length} things keep a deploy from working, the first: ${first.message}`
  throw new ReleaserError(first.error?.code ?? 'NOT_CHANGED', message, { hint: first.remedy, result })
}

async function look(call: Call, asked: Asked): Promise<Looked> {
  const common = { now: Date.now(), login: asked.remote.login }
  try {
    return { ...common, ...(await seeClosely(call, asked)), blind: null }
  } catch (error) {
    if (!(error instanceof ReleaserError) || error.code === 'INTERRUPTED') throw error
    // A host that has said how it is, and not what it stands on, is worth its findings.
    return { ...common, ...NO_APP, backup: null, jobs: [], ground: null, blind: error }
  }
}

function findingsOn(answer: Answer<Looked>, route: Route | null): readonly Told[] {
  const { target, host, facts, seen } = answer
  const about = { target: target.name, host: host.name }
  if (!facts) {
    const failed = findingOf(answer.error.code.toLowerCase().replace('_', '-'), answer.error)
    return [...lineFindings(route, undefined, undefined), failed].map((finding) => ({ ...about, ...finding }))
  }
  const { now, jobs, ground, blind, login } = seen
  const checked = { app: target.app, target: target.name, host: host.name, facts, now, state: seen, jobs }
  return [
    ...lineFindings(route, login, facts.user.name),
    ...(ground ? groundFindings(ground, facts, target) : []),
    ...(blind ? [findingOf('host', blind)] : []),
    ...hostFindings(checked),
  ].map((finding) => ({ ...about, ...finding }))
}

/** One block a host; below what is wrong, what helps. */
function inWords(findings: readonly Told[]): string {
  const wide = Math.max(...findings.map(({ check }) => check.length))
  const blocks = new Map<string, string[]>()
  for (const { target, host, level, check, message, remedy } of findings) {
    const block = target === null ? 'here' : `${target} ${host}`
    const row = `  ${level.padEnd(7)}  ${check.padEnd(wide)}  ${oneLine(message)}`
    const helps = remedy === '' ? [] : [`  ${' '.repeat(7)}  ${' '.repeat(wide)}  -> ${oneLine(remedy)}`]
    blocks.set(block, [...(blocks.get(block) ?? []), row, ...helps])
  }
  return [...blocks].map(([block, rows]) => `${block}\n${rows.join('\n')}`).join('\n\n')
}
