const UNITS = { s: 1, m: 60, h: 3600, d: 86_400 } as const

/** `30s`, `5m`, `4h`, `7d` as seconds; undefined for anything else. */
export function seconds(duration: string): number | undefined {
  const match = /^(\d{1,6})([smhd])$/.exec(duration)
  if (!match) return undefined
  return Number(match[1]) * UNITS[match[2] as keyof typeof UNITS]
}
