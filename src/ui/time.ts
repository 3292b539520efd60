const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** How long ago a moment was, coarsely: `just now`, `3 min ago`, `2 h ago`, `5 days ago`; a date from 60 days on. */
export function ago(then: Date, now: Date): string {
  const seconds = Math.floor((now.getTime() - then.getTime()) / 1000)
  if (seconds < 10) return 'just now'
  if (seconds < MINUTE) return `${seconds} s ago`
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min ago`
  if (seconds < 2 * DAY) return `${Math.floor(seconds / HOUR)} h ago`
  if (seconds < 60 * DAY) return `${Math.floor(seconds / DAY)} days ago`
  return then.toISOString().slice(0, 10)
}

/** A span of milliseconds: `0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`. */
export function span(milliseconds: number): string {
  if (milliseconds < 9950) return `${(Math.max(milliseconds, 0) / 1000).toFixed(1)} s`
  const seconds = Math.round(milliseconds / 1000)
  if (seconds < MINUTE) return `${seconds} s`
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min ${seconds % MINUTE} s`
  return `${Math.floor(seconds / HOUR)} h ${Math.floor((seconds % HOUR) / MINUTE)} min`
}
