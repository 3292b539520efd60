const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** Bytes as people read them, in decimal units: `512 B`, `9.4 MB`, `120 GB`. */
export function size(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000
    unit++
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1
  return `${value.toFixed(digits)} ${UNITS[unit]}`
}

/** Bytes as people write them: `500MB`, `2 GB`, `1.5GB`; undefined for anything else. */
export function bytesOf(text: string): number | undefined {
  const [, number, unit = ''] = /^(\d{1,6}(?:\.\d{1,3})?) ?([kMGT]?B)$/.exec(text) ?? []
  const power = (UNITS as readonly string[]).indexOf(unit)
  return number === undefined || power === -1 ? undefined : Math.round(Number(number) * 1000 ** power)
}

/** A count with thousands set apart, and its noun: `1 file`, `4,123 files`. */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${String(number).replace(/\B(?=(\d{3})+$)/g, ',')} ${number === 1 ? noun : plural}`
}
