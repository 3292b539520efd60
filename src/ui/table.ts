import { oneLine } from './sanitize.ts'
import { width } from './width.ts'

/** A plain table: a row of headings, then the rows, aligned in columns two spaces apart, without trailing blanks. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  rightAligned: readonly string[] = [],
): string {
  const cells = [headings, ...rows].map((row) => row.map(oneLine))
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => width(row[column] ?? ''))))
  const right = headings.map((heading) => rightAligned.includes(heading))
  return cells
    .map((row) =>
      row
        .map((cell, column) => pad(cell, widths[column] ?? 0, right[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Two columns without headings, the first as wide as its widest cell. */
export function pairs(rows: readonly (readonly [string, string])[], indent = ''): string {
  const first = Math.max(0, ...rows.map(([cell]) => width(cell)))
  return rows.map(([left, right]) => `${indent}${pad(left, first)}  ${right}`.trimEnd()).join('\n')
}

function pad(cell: string, columns: number, right = false): string {
  const blanks = ' '.repeat(Math.max(0, columns - width(cell)))
  return right ? blanks + cell : cell + blanks
}
