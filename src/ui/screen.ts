import type { Style } from './style.ts'

/** A terminal that a picture is drawn on. */
export interface Screen {
  readonly columns: number
  readonly rows: number
  /** Whether it may show nothing but ASCII. */
  readonly ascii: boolean
  readonly style: Style
}

/** Text for a terminal, colours and all; what it shows of others is harmless already (see sanitize.ts). */
export type Picture = (screen: Screen) => string

/** Whether the environment promises UTF-8; the first of these that is set decides, as for every program. */
export function speaksUtf8(env: NodeJS.ProcessEnv): boolean {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || ''
  return /utf-?8/i.test(locale) && env['TERM'] !== 'dumb'
}
