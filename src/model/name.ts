const NAME = /^[A-Za-z0-9][A-Za-z0-9._+~-]{0,99}$/
const RESERVED = new Set(['latest', 'current', 'previous'])

/** Whether a tag, version, app or target name keeps the one grammar they share. */
export function isName(text: string): boolean {
  return NAME.test(text)
}

/** What the grammar says, for error messages. */
export const NAME_RULE = 'letters, digits and . _ + ~ - (at most 100, the first a letter or digit)'

/** Words that a REF gives a meaning of its own, so that no tag may be called so. */
export function isReserved(text: string): boolean {
  return RESERVED.has(text)
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is what this is for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/

/** Whether a text holds a control character: such file names and values travel nowhere. */
export function hasControl(text: string): boolean {
  return CONTROL.test(text)
}
