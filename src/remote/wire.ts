import { encodeSharedEnv } from '../model/app-env.ts'
import { hookData } from '../model/hook-data.ts'
import { encodeState } from '../model/host-state.ts'
import { encodeEntry, type Manifest, manifestDelta } from '../model/manifest.ts'
import type { Plan, Step, StepKind } from '../model/plan.ts'
import { allowedSignersFile } from '../model/signature.ts'

/** Who starts a transaction, from where, and what the lock says meanwhile. No tabs, no newlines. */
export interface Author {
  readonly by: string
  readonly where: string
  readonly message: string
}

/** A value of any text as one word of a line: backslash, newline, tab and carriage return escaped as `printf %b` reads them. */
export function escapeValue(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\t', '\\t').replaceAll('\r', '\\r')
}

/** The words of each kind of step, in the order in which the agent's function takes them; `-` stands for nothing. */
const WORDS: { readonly [K in StepKind]: (step: Step<K>) => readonly (readonly string[])[] } = {
  receive: ({ release, digest }) => [[release, hex(digest)]],
  link: ({ dirs, files }) => [
    ...dirs.map((path) => ['d', path, linkTarget(path)]),
    ...files.map((path) => ['f', path, linkTarget(path)]),
  ],
  publish: ({ release, dir }) => [[release, dir]],
  signed: ({ release, digest, signers, signature: { blob, comment } }) => [
    [
      release,
      hex(digest),
      signers ? escapeValue(allowedSignersFile(signers)) : '-',
      blob,
      comment === '' ? '-' : escapeValue(comment),
    ],
  ],
  command: ({ hook, dir, seconds, ignoreFailure, release, run }) => [
    [hook, dir, String(seconds), ignoreFailure ? 'ignore' : 'stop', release, escapeValue(run)],
  ],
  again: ({ release, digest, from, by }) => [[release, digest === UNKNOWN ? '-' : hex(digest), from, by]],
  render: ({ dir, templates, mark, secrets }) =>
    templates.map(({ from, to, mode }) => [dir, from, to, modeWord(mode), mark, `,${secrets.join(',')},`]),
  // Its data goes to the program of the timer, which the client starts meanwhile.
  backup: ({ rows }) => (rows === null ? [] : [[]]),
  configure: () => [[]],
  take: ({ key }) => [[key]],
  replace: () => [[]],
  refill: ({ dir, seconds, run }) => [[dir, String(seconds), escapeValue(run)]],
  depart: () => [[]],
  stop: ({ dir }) => [[dir]],
  start: ({ dir }) => [[dir]],
  health: () => [[]],
  prove: ({ seconds, version }) => [[String(seconds), version ?? '-']],
  await: ({ word }) => [[word]],
  activate: ({ dir, from }) => [[dir, from ?? '-']],
  confirm: ({ seconds }) => [[String(seconds)]],
  prune: ({ dirs }) =>
    Array.from({ length: Math.ceil(dirs.length / AT_ONCE) }, (_, at) => dirs.slice(at * AT_ONCE, (at + 1) * AT_ONCE)),
  freeze: () => [[]],
  unfreeze: () => [[]],
  unit: ({ unit }) => [unit ? [unit.kind, unit.name, '-', escapeValue(unit.text ?? '')] : ['none', '-', '-', '-']],
  boot: ({ kind, unit, mark, text }) => [[kind, unit, escapeValue(mark), escapeValue(text)]],
}

/** Directories that one step prunes: few enough for the words of any program. */
const AT_ONCE = 100

/** The digest of a release whose host has lost its memory of it. */
const UNKNOWN = 'unknown'

/** A mode as manifests write it, with its zero in front. */
function modeWord(mode: string | undefined): string {
  return mode?.padStart(4, '0') ?? '-'
}

/** One line of the plan on the wire, and the step of the plan that it belongs to. */
export interface WireStep {
  readonly line: string
  readonly step: Step
}

export function wireSteps(plan: Plan): readonly WireStep[] {
  return plan.steps.flatMap((step) => wordsOf(step).map((words) => ({ line: ['step', step.step, ...words].join('\t'), step })))
}

/** The plan as `run` reads it from stdin: after the transaction's id and the agent's hash, `key<TAB>value…` lines, then `end`. */
export function encodePlan(plan: Plan, transaction: string, agentHash: string, author: Author): string {
  const confirm = plan.steps.find((step) => step.step === 'confirm')
  const activate = plan.steps.find((step) => step.step === 'activate')
  const take = plan.steps.find((step) => step.step === 'take')
  const fields: readonly (readonly [string, string])[] = [
    ['by', author.by],
    ['where', author.where],
    ['message', author.message],
    ['action', plan.action],
    ['app', plan.app],
    ['target', plan.target],
    ['release', plan.release?.id ?? '-'],
    ['previous', plan.from ?? '-'],
    ['from', activate ? (activate.from ?? '-') : (take?.dir ?? '-')],
    ['digest', plan.release ? hex(plan.release.digest) : '-'],
    ['seq', String(plan.seq)],
    ['confirm', String(confirm?.seconds ?? 0)],
  ]
  return `${[
    transaction,
    agentHash,
    ...fields.map(([key, value]) => `${key}\t${value}`),
    ...Object.entries(plan.env).map(([name, value]) => `env\t${name}\t${escapeValue(value)}`),
    ...appEnvLines(plan.appEnv),
    ...serviceLines(plan.services),
    ...encodeState(plan.next).map((line) => `next\t${line}`),
    ...encodeState(plan.failed).map((line) => `failed\t${line}`),
    ...encodeState(plan.bad).map((line) => `bad\t${line}`),
    ...backLines(plan),
    ...wireSteps(plan).flatMap(({ line, step }, index) =>
      step.step === 'command' ? [`data\t${index + 1}\t${hookData(plan, step)}`, line] : [line],
    ),
    'end',
  ].join('\n')}\n`
}

/** The app's environment, as the agent reads it, and as `shared/env` shows it. */
function appEnvLines(values: Plan['appEnv']): readonly string[] {
  const lines = Object.entries(values).map(([name, value]) => `app-env\t${name}\t${escapeValue(value)}`)
  return lines.length === 0 ? [] : [...lines, `shared-env\t${escapeValue(encodeSharedEnv(values))}`]
}

/** The hooks of the way back. JSON holds no raw control character, so that it is one word as it is. */
function backLines(plan: Plan): readonly string[] {
  if (!plan.back) return []
  return [
    ...Object.entries(plan.back.env).map(([name, value]) => `back-env\t${name}\t${escapeValue(value)}`),
    ...plan.back.hooks.map((step) =>
      ['back', step.hook, step.dir, String(step.seconds), step.release, escapeValue(step.run), hookData(plan, step, true)].join(
        '\t',
      ),
    ),
  ]
}

function serviceLines(services: Plan['services']): readonly string[] {
  return (['old', 'new'] as const).flatMap((which) => {
    const placed = services[which]
    if (!placed) return []
    const { dir, stopSeconds, kill, unit, service, patience } = placed
    const scripts = [service.start, service.stop, service.pid, service.version].map((script) =>
      script === null ? '-' : escapeValue(script),
    )
    return [
      [
        'service',
        which,
        dir,
        String(stopSeconds),
        kill ? 'kill' : 'spare',
        unit?.kind ?? '-',
        unit?.name ?? '-',
        ...scripts,
        String(patience),
      ].join('\t'),
    ]
  })
}

/** A manifest as the difference to one that the host has: `-N,M` drops entries, `+line` adds one. */
export function encodeDelta(base: Manifest, manifest: Manifest): string {
  const { drop, add } = manifestDelta(base, manifest)
  return `=\n${[...ranges(drop).map(([from, to]) => `-${from},${to}\n`), ...add.map((entry) => `+${encodeEntry(entry)}\n`)].join('')}`
}

/** Where a link in a release's tree points to reach `path` in `shared/`. */
function linkTarget(path: string): string {
  return `${'../'.repeat(path.split('/').length + 1)}shared/${path}`
}

export function hex(digest: string): string {
  return digest.replace(/^sha256:/, '')
}

function wordsOf<K extends StepKind>(step: Step<K>): readonly (readonly string[])[] {
  const words: (step: Step<K>) => readonly (readonly string[])[] = WORDS[step.step]
  return words(step)
}

function ranges(sorted: readonly number[]): (readonly [number, number])[] {
  const found: [number, number][] = []
  for (const number of sorted) {
    const last = found.at(-1)
    if (last && last[1] === number - 1) last[1] = number
    else found.push([number, number])
  }
  return found
}
