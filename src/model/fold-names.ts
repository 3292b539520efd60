/** From so many in a row a range is shorter to read than the names; more than so many `expandRanges` does not take for one word. */
const FEWEST = 3
const MOST = 1000

interface Place {
  readonly before: string
  readonly digits: string
  readonly after: string
}

/**
 * Names of hosts in few words: three or more that count up by one become a range, which `expandRanges` turns into the same names
 * again (`web01 web02 web03 db1`: `web[01:03], db1`). What belongs together stands where its first name stood; each name is told once.
 */
export function foldNames(names: readonly string[]): string {
  const places = new Map([...new Set(names)].map((name) => [name, placesIn(name)]))
  const shared = new Map<string, number>()
  for (const place of [...places.values()].flat()) shared.set(keyOf(place), (shared.get(keyOf(place)) ?? 0) + 1)
  const groups = new Map<string, Place[]>()
  for (const [name, all] of places) {
    // Of several numbers in a name, it counts by the one in which most of the others differ; the last, where that is none more than another.
    const place = all.reduceRight<Place>(
      (best, each) => ((shared.get(keyOf(each)) ?? 0) > (shared.get(keyOf(best)) ?? 0) ? each : best),
      all.at(-1) ?? { before: name, digits: '', after: '' },
    )
    const group = groups.get(keyOf(place))
    if (group) group.push(place)
    else groups.set(keyOf(place), [place])
  }
  return [...groups.values()].flatMap(rangesOf).join(', ')
}

/** Every number in a name; one of more than nine digits is none, as no host is counted so far. */
function placesIn(name: string): readonly Place[] {
  return [...name.matchAll(/\d+/g)]
    .filter(([digits]) => digits.length <= 9)
    .map(({ 0: digits, index }) => ({ before: name.slice(0, index), digits, after: name.slice(index + digits.length) }))
}

function keyOf({ before, after }: Place): string {
  return `${before}\n${after}`
}

function rangesOf(group: readonly Place[]): readonly string[] {
  const sorted = group.toSorted((a, b) => Number(a.digits) - Number(b.digits))
  const runs: Place[][] = []
  for (const place of sorted) {
    const run = runs.at(-1)
    if (run && run.length < MOST && place.digits === nextOf(run)) run.push(place)
    else runs.push([place])
  }
  return runs.flatMap((run) => (run.length < FEWEST ? run.map(nameOf) : [rangeOf(run)]))
}

/** What comes after a run as `expandRanges` writes it: with as many digits at least as the first has. */
function nextOf(run: readonly Place[]): string {
  return String(Number(run.at(-1)?.digits) + 1).padStart(run[0]?.digits.length ?? 1, '0')
}

function rangeOf(run: readonly Place[]): string {
  const [{ before, digits, after } = { before: '', digits: '', after: '' }] = run
  return `${before}[${digits}:${run.at(-1)?.digits}]${after}`
}

function nameOf({ before, digits, after }: Place): string {
  return `${before}${digits}${after}`
}
