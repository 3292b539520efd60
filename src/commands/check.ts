import { loadConfig, pickTargets } from '../local/config.ts'
import { ReleaserError } from '../model/errors.ts'
import { type Finding, findingOf, hostFindings } from '../tasks/check-host.ts'
import { table } from '../ui/table.ts'
import type { Call, Outcome } from './command.ts'
import { destinations } from './destinations.ts'
import { type Answer, factsOf } from './facts-of.ts'
import type { Seen } from './glance.ts'
import { seeHost } from './see-host.ts'

type Told = Finding & { readonly target: string | null; readonly host: string | null }

/**
 * `releaser check`: whether all is as a deploy and the time after it need it, and what to do where it is not. Changes nothing. Fails with what
 * would fail: CONNECTION, AUTH, HOST_KEY, NOT_CHANGED, USAGE; warnings alone are no failure.
 */
export async function run(call: Call): Promise<Outcome> {
  const { globals, values, ui } = call
  const loaded = await loadConfig({ file: globals.config, cwd: process.cwd() })
  const targets = values['target'] === undefined ? [...loaded.targets.values()] : pickTargets(loaded, values['target'])
  const config: Told = { target: null, host: null, level: 'ok', check: 'config', message: `${loaded.file} is sound`, remedy: '' }
  const answers = await factsOf(call, destinations(targets, values['host']), async (asked) => ({
    now: Date.now(),
    ...(await seeHost(call, asked)),
  }))
  const findings = [config, ...answers.flatMap(told)]
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

function told(answer: Answer<Seen & { readonly now: number }>): readonly Told[] {
  const { target, host, facts, seen } = answer
  const about = { target: target.name, host: host.name }
  if (!facts) return [{ ...about, ...findingOf(answer.error.code.toLowerCase().replace('_', '-'), answer.error) }]
  const way: Finding = { level: 'ok', check: 'connection', message: `logged in as ${facts.user.name}`, remedy: '' }
  const checked = { app: target.app, target: target.name, host: host.name, facts, now: seen.now, state: seen, jobs: seen.jobs }
  return [way, ...hostFindings(checked)].map((finding) => ({ ...about, ...finding }))
}

function inWords(findings: readonly Told[]): string {
  const rows = findings.map(({ target, host, level, check, message }) => [target ?? '-', host ?? 'here', check, level, message])
  const remedies = findings.filter(({ remedy }) => remedy !== '').map(({ host, check, remedy }) => `${host} ${check}: ${remedy}`)
  const list = table(['target', 'host', 'check', '', ''], rows)
  return remedies.length === 0 ? list : `${list}\n\nWhat helps:\n${remedies.map((line) => `  ${line}`).join('\n')}`
}
