import type { Lock } from './plan.ts'

/** `ana@laptop, since 2026-01-02 12:01:07 UTC (deploy of shop 1.4.0)`; the place too where the name does not hold it. */
export function lockInWords({ by, where, since, message }: Lock): string {
  const from = where === '' || by.endsWith(`@${where}`) ? '' : ` from ${where}`
  const at = new Date(since * 1000).toISOString().slice(0, 19).replace('T', ' ')
  return `${by}${from}, since ${at} UTC${message === '' ? '' : ` (${message})`}`
}
