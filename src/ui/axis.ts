const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** From the first of some moments until now, in milliseconds since 1970; never shorter than a minute. */
export interface Axis {
  readonly from: number
  readonly to: number
}

export function axisOf(moments: readonly number[], now: number): Axis {
  // A host's clock may be ahead of ours.
  const to = Math.max(now, ...moments)
  return { from: Math.min(to - MINUTE, ...moments), to }
}

/** Where a moment lies on it, from 0 to 1. */
export function along({ from, to }: Axis, moment: number): number {
  return Math.min(1, Math.max(0, (moment - from) / (to - from)))
}

/** Words for so many moments along it, evenly apart, in UTC; the last one is now. As exact as its length asks for. */
export function ticks(axis: Axis, count: number): readonly { readonly at: number; readonly text: string }[] {
  const step = (axis.to - axis.from) / (count - 1)
  return Array.from({ length: count }, (_, index) => {
    const at = axis.from + index * step
    return { at, text: index === count - 1 ? 'now' : moment(at, axis) }
  })
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

function moment(at: number, { from, to }: Axis): string {
  const date = new Date(at)
  const month = MONTHS[date.getUTCMonth()] ?? ''
  const day = `${month} ${date.getUTCDate()}`
  if (to - from < 20 * HOUR) return date.toISOString().slice(11, 16)
  if (to - from < 4 * DAY) return `${day} ${date.toISOString().slice(11, 16)}`
  return to - from < 300 * DAY ? day : `${month} ${date.getUTCFullYear()}`
}
