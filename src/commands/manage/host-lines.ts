import type { Glance } from '../../model/glance.ts'
import { count, size } from '../../model/size.ts'
import { ago } from '../../ui/time.ts'

/** Hosts that are named one by one. */
const NAMED = 6

/** The hosts, or how many there are of them. */
export function inShort(names: readonly string[]): string {
  return names.length > NAMED ? count(names.length, 'host') : names.join(', ')
}

/** How hosts are, above the list: a line for each; of many, one for all that are alike. */
export function hostLines(target: string, glances: readonly Glance[], now: Date): readonly string[] {
  const lines = glances.map((glance) => ({ host: glance.host, how: howIs(glance), also: alsoOf(glance, now) }))
  if (lines.length <= NAMED) return lines.map(({ host, how, also }) => `${host}: ${[how, ...also].join(', ')}`)
  const alike = [...new Set(lines.map(({ how }) => how))].map((how) => {
    const hosts = lines.filter((line) => line.how === how).map(({ host }) => host)
    return `${inShort(hosts)}: ${how}`
  })
  return [`${target}: ${count(lines.length, 'host')}`, ...alike]
}

/** What it serves, and what is unusual: first, since a narrow window cuts the end off. */
function howIs({ silent, serves, remarks }: Glance): string {
  if (silent !== null) return `unreachable, ${silent}`
  return [serves?.name ?? 'nothing yet', ...remarks.map(({ text }) => text)].join(', ')
}

function alsoOf({ serves, freeBytes }: Glance, now: Date): readonly string[] {
  return [
    ...(serves?.since ? [`since ${ago(new Date(serves.since), now)} by ${serves.by ?? '?'}`] : []),
    ...(freeBytes === null ? [] : [`${size(freeBytes)} free`]),
  ]
}
