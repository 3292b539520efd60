import { oneLine } from '../sanitize.ts'

/** A piece of a page. Only `html` and `trusted` make one, so that a text from outside cannot pass for it. */
export interface Html {
  readonly [SAFE]: string
}

const SAFE: unique symbol = Symbol('html')

type Value = string | number | Html | readonly Html[] | null

/**
 * A piece of a page, as a template: every text in it is escaped, whether it stands between tags or in a quoted attribute, and
 * characters that nobody sees or that reorder text are shown. Null is nothing.
 */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  return trusted(parts.map((part, index) => part + written(values[index] ?? null)).join(''))
}

/** Our own words, taken as they are: never for anything from outside. */
export function trusted(text: string): Html {
  return { [SAFE]: text }
}

export function htmlText(piece: Html): string {
  return piece[SAFE]
}

function written(value: Value): string {
  if (value === null) return ''
  if (typeof value === 'number') return String(value)
  if (typeof value === 'string') return oneLine(value).replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`)
  return 'map' in value ? value.map(htmlText).join('') : htmlText(value)
}
