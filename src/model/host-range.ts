/** `[01:20]`, `[a:f]`, `[1:9:2]` (every other). An IPv6 address in brackets is none: it has neither both ends nor so few colons. */
const RANGE = /\[(\d+|[a-z]|[A-Z]):(\d+|[a-z]|[A-Z])(?::(\d+))?\]/

/** Nobody means more hosts than that by one word. */
const MOST = 1000

/** The hosts that a word with ranges means, in order; the word itself where it has none. What is wrong with it comes back as `says`. */
export function expandRanges(text: string): readonly string[] | { readonly says: string } {
  const [range, from = '', to = '', step = '1'] = RANGE.exec(text) ?? []
  if (range === undefined) return [text]
  const members = membersOf(from, to, Number(step))
  if (members === undefined) return { says: `"${text}" has a range that cannot be: ${range}` }
  const found: string[] = []
  for (const member of members) {
    const rest = expandRanges(text.replace(range, member))
    if ('says' in rest) return { says: rest.says.replace(/"[^"]*"/, () => `"${text}"`) }
    found.push(...rest)
    if (found.length > MOST) return { says: `"${text}" means more than ${MOST} hosts` }
  }
  return found
}

function membersOf(from: string, to: string, step: number): readonly string[] | undefined {
  const numbers = /^\d/.test(from)
  if (numbers !== /^\d/.test(to) || step < 1) return undefined
  const [first, last] = numbers ? [Number(from), Number(to)] : [from.charCodeAt(0), to.charCodeAt(0)]
  if (last < first || (!numbers && isUpper(from) !== isUpper(to))) return undefined
  const many = Math.min(Math.floor((last - first) / step), MOST) + 1
  const all = Array.from({ length: many }, (_, index) => first + index * step)
  // `01` to `20` are all written with two digits.
  return all.map((each) => (numbers ? String(each).padStart(from.length, '0') : String.fromCharCode(each)))
}

function isUpper(letter: string): boolean {
  return letter === letter.toUpperCase()
}
