// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is what this is for
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/**
 * A text from outside as one harmless line: control characters, escape sequences and marks that reorder text are
 * shown (`\x1b`, `\u202e`) instead of obeyed; tabs become a space.
 */
export function oneLine(text: string): string {
  return text.replaceAll('\t', ' ').replace(UNSAFE, visible)
}

/** The same for a text of several lines: line ends and tabs stay. */
export function manyLines(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(UNSAFE, (char) => (char === '\n' || char === '\t' ? char : visible(char)))
}

/** JSON that a terminal may show: the same value, with every unsafe character escaped. */
export function safeJson(value: unknown): string {
  return JSON.stringify(value).replace(UNSAFE, (char) => `\\u${hex(char, 4)}`)
}

function visible(char: string): string {
  return char.charCodeAt(0) < 0x100 ? `\\x${hex(char, 2)}` : `\\u${hex(char, 4)}`
}

function hex(char: string, digits: number): string {
  return char.charCodeAt(0).toString(16).padStart(digits, '0')
}
