/** What a match is worth where the typed word stands in the text as it is; letters with gaps between them are worth less than that. */
const WHOLE = 1000

/**
 * How well a text fits what somebody types to find it: each word of it stands there, or at least its letters in their order, close together.
 * Higher is better; undefined where it does not fit. Case does not count.
 */
export function likeness(typed: string, text: string): number | undefined {
  const hay = text.toLowerCase()
  let sum = 0
  for (const word of typed.toLowerCase().split(/\s+/).filter(Boolean)) {
    const worth = worthOf(word, hay)
    if (worth === undefined) return undefined
    sum += worth
  }
  return sum
}

function worthOf(word: string, hay: string): number | undefined {
  const at = hay.indexOf(word)
  if (at >= 0) return WHOLE - Math.min(at, WHOLE / 2) + (startsWord(hay, at) ? WHOLE / 2 : 0)
  let last = -1
  let gaps = 0
  for (const letter of word) {
    const next = hay.indexOf(letter, last + 1)
    if (next < 0) return undefined
    if (last >= 0) gaps += next - last - 1
    last = next
  }
  return gaps > word.length ? undefined : -gaps
}

function startsWord(hay: string, at: number): boolean {
  return at === 0 || /[^\p{L}\p{N}]/u.test(hay[at - 1] ?? '')
}
