import { wordFor } from '../model/host-state.ts'
import { jobInWords } from '../model/job.ts'
import type { BootKind, Forecast, Plan, Step, StepKind } from '../model/plan.ts'
import type { UnitKind } from '../model/service.ts'
import { count, size } from '../model/size.ts'

/** What each step of a plan reads like before it happens. */
const LINES: { readonly [K in StepKind]: (step: Step<K>) => string | undefined } = {
  receive: ({ release }) => `receive and verify ${release}`,
  link: ({ dirs, files }) => `link to shared: ${[...dirs.map((dir) => `${dir}/`), ...files].join(', ')}`,
  signed: ({ release, signers }) =>
    signers
      ? `verify that one of ${count(signers.length, 'allowed key')} has signed ${release}`
      : `keep the signature of ${release}`,
  publish: ({ dir }) => `name it releases/${dir}`,
  command: ({ hook, run }) => `${hook}: ${run.split('\n')[0]}`,
  again: ({ release, from }) => `lay ${release} out again from releases/${from}, and verify it`,
  render: ({ dir, templates }) =>
    `render in releases/${dir}: ${templates.map(({ from, to }) => `${to} from ${from}`).join(', ')}`,
  backup: ({ rows }) => (rows === null ? 'nothing to back up yet' : `back up first${jobInWords(rows)}`),
  configure: () => "write the app's environment",
  await: () => undefined,
  take: ({ backup }) => `unpack ${backup} and prove it, before anything is stopped`,
  replace: ({ paths }) => `replace ${paths.join(', ')}`,
  refill: ({ run }) => `restore: ${run.split('\n')[0]}`,
  depart: () => undefined,
  stop: ({ dir }) => `stop the app of releases/${dir}`,
  start: ({ dir }) => `start the app of releases/${dir}`,
  health: () => 'wait until the app answers',
  prove: ({ seconds, version }) =>
    `see that it stays up${seconds > 0 ? ` for ${seconds} s` : ''}${version === null ? '' : ` and says that it is ${version}`}`,
  activate: ({ dir }) => `switch current to releases/${dir}`,
  confirm: ({ seconds }) => (seconds > 0 ? `confirm over a new connection, within ${seconds} s` : undefined),
  prune: ({ dirs }) => `remove ${dirs.join(', ')}`,
  freeze: () => 'freeze: nobody deploys, rolls back or prunes until unlock',
  unfreeze: () => 'lift the freeze',
  unit: ({ unit }) =>
    unit
      ? [`have systemd run the app, by ${PLACES[unit.kind](unit.name)}`, ...linesOf(unit.text ?? '')]
          .join('\n      ')
          .replaceAll(/ +$/gm, '')
      : "take the app's unit away from systemd",
  boot: ({ kind, unit, text }) =>
    [`settle at boot, by ${PLACES[kind](unit)}`, ...linesOf(text)].join('\n      ').replaceAll(/ +$/gm, ''),
}

const PLACES: { readonly [K in BootKind | UnitKind]: (unit: string) => string } = {
  systemd: (unit) => `/etc/systemd/system/${unit}`,
  'systemd-user': (unit) => `~/.config/systemd/user/${unit}`,
  'systemd-sudo': (unit) => `/etc/systemd/system/${unit}, as root by sudo -n`,
  cron: () => 'a line in the crontab',
}

function linesOf(text: string): readonly string[] {
  return text.trimEnd().split('\n')
}

/** A plan as people read it with `--dry-run`. */
export function planText(plan: Plan): string {
  const head = `${plan.target} ${plan.host}: ${plan.action}${plan.release ? ` ${plan.app} ${wordFor(plan.release)}` : ''}`
  const across = plan.across ? [`across the migrations of ${plan.across.join(', ')}, which are not undone`] : []
  const lines = [
    ...across,
    ...(plan.forecast && plan.transfer ? forecastText(plan.forecast) : []),
    ...plan.steps.flatMap((step) => lineOf(step) ?? []),
  ]
  // Steps that nobody sees are there for what the host writes down at the end.
  if (lines.length === 0 && plan.steps.length > 0) lines.push(pinsText(plan))
  return [head, ...(lines.length === 0 ? ['  nothing to do'] : lines.map((line) => `  ${line}`))].join('\n')
}

function pinsText({ next }: Plan): string {
  return `write down what is pinned then: ${next.pinned.join(', ') || 'nothing'}`
}

function forecastText({ files, bytes, of, exact, room }: Forecast): readonly string[] {
  const free = room.freeBytes === null ? '' : `, ${size(room.freeBytes)} free`
  return [
    `send ${exact ? '' : 'at most '}${count(files, 'file')} of ${count(of, 'file')}, ${size(bytes)}; needs ${size(room.bytes)}${free}`,
  ]
}

function lineOf<K extends StepKind>(step: Step<K>): string | undefined {
  const line: (step: Step<K>) => string | undefined = LINES[step.step]
  return line(step)
}
