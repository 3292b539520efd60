/** What is shorter would also be found in words that give nothing away. */
const SHORTEST = 4

/**
 * A text without secrets: wherever one stands, and where several overlap, there is one `***`. A secret of several lines is looked
 * for line by line too, since text is shown by the line. Blanks around a secret or a line of it are no part of it, and what then has
 * fewer than four characters stays.
 */
export function redact(text: string, secrets: readonly string[]): string {
  const pieces = secrets.flatMap((secret) => [secret, ...secret.split(/[\r\n]+/)]).map((piece) => piece.trim())
  const wanted = new Set(pieces.filter((piece) => [...piece].length >= SHORTEST))
  const found = [...wanted].flatMap((piece) => occurrences(text, piece)).sort((a, b) => a.from - b.from || b.to - a.to)
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
