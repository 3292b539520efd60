import { disguisesOf } from './disguises.ts'

/** What is shorter would also be found in words that give nothing away. */
const SHORTEST = 4
/** Of a secret that was cut or folded, a line that begins, ends or consists of so many characters of it. */
const SHORTEST_PART = 8

/**
 * A text without secrets: wherever one stands, and where several overlap, there is one `***`. A secret of several lines is looked
 * for line by line too, since text is shown by the line. Blanks around a secret or a line of it are no part of it, and what then has
 * fewer than four characters stays.
 */
export function redact(text: string, secrets: readonly string[]): string {
  return redactor(secrets)(text)
}

/**
 * The same for many texts. Secrets are also found quoted, in JSON, URLs, base64 and hex (see `disguisesOf`), and where one was cut off at
 * the end of a line or folded: of it, a line may begin or end with a part, or be one, of eight characters.
 */
export function redactor(secrets: readonly string[]): (text: string) => string {
  const pieces = secrets.flatMap((secret) => [secret, ...secret.split(/[\r\n]+/)]).map((piece) => piece.trim())
  const plain = [...new Set(pieces.filter((piece) => [...piece].length >= SHORTEST))]
  const wanted = [...new Set(plain.flatMap((piece) => [piece, ...disguisesOf(piece)]))]
  const long = wanted.filter((piece) => piece.length > SHORTEST_PART && !/[\r\n]/.test(piece))
  if (wanted.length === 0) return (text) => text
  return (text) => covered(text, [...wanted.flatMap((piece) => occurrences(text, piece)), ...parts(text, long)])
}

function covered(text: string, spans: readonly Span[]): string {
  const found = [...spans].sort((a, b) => a.from - b.from || b.to - a.to)
  let shown = ''
  let end = 0
  for (const { from, to } of found) {
    if (to <= end) continue
    // What begins within the one before is part of the same `***`, which then ends later.
    if (from >= end) shown += `${text.slice(end, from)}***`
    end = to
  }
  return shown + text.slice(end)
}

interface Span {
  readonly from: number
  readonly to: number
}

function occurrences(text: string, piece: string): readonly Span[] {
  const spans: Span[] = []
  for (let from = text.indexOf(piece); from >= 0; from = text.indexOf(piece, from + 1))
    spans.push({ from, to: from + piece.length })
  return spans
}

/** The beginnings and ends of lines that are a part of one of these. */
function parts(text: string, long: readonly string[]): readonly Span[] {
  if (long.length === 0) return []
  const all = long.join('\0')
  const spans: Span[] = []
  let at = 0
  for (const line of text.split('\n')) {
    const from = at + line.length - line.trimStart().length
    const words = line.trim()
    at += line.length + 1
    if (words.length < SHORTEST_PART) continue
    const [head, tail] = [words.slice(0, SHORTEST_PART), words.slice(-SHORTEST_PART)]
    const [begins, ends] = [all.includes(head), all.includes(tail)]
    for (const piece of long) {
      const first = begins ? headOf(words, piece, head) : 0
      const last = ends ? tailOf(words, piece, tail) : 0
      if (first > 0) spans.push({ from, to: from + first })
      if (last > 0) spans.push({ from: from + words.length - last, to: from + words.length })
    }
  }
  return spans
}

/** How long the beginning of a line is that ends a secret, or all of the line where it lies within one. */
function headOf(line: string, piece: string, head: string): number {
  let longest = 0
  for (let at = piece.indexOf(head); at >= 0; at = piece.indexOf(head, at + 1)) {
    const rest = piece.slice(at)
    if (line.startsWith(rest)) longest = Math.max(longest, rest.length)
    if (rest.startsWith(line)) return line.length
  }
  return longest
}

/** How long the end of a line is that begins a secret. */
function tailOf(line: string, piece: string, tail: string): number {
  let longest = 0
  for (let at = piece.indexOf(tail); at >= 0; at = piece.indexOf(tail, at + 1)) {
    const start = piece.slice(0, at + tail.length)
    if (line.endsWith(start)) longest = start.length
  }
  return longest
}
