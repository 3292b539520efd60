/** How words are set apart on a terminal; every function gives the text back as it is where colours are off. */
export interface Style {
  readonly colour: boolean
  bold(text: string): string
  dim(text: string): string
  red(text: string): string
  green(text: string): string
  yellow(text: string): string
  cyan(text: string): string
}

const same = (text: string): string => text

/** No colours, and chalk is not even loaded. */
export const PLAIN: Style = { colour: false, bold: same, dim: same, red: same, green: same, yellow: same, cyan: same }

/** `--no-color` and NO_COLOR turn colours off, FORCE_COLOR turns them on; else a terminal has them, unless it is dumb. */
export function wantsColour(isTTY: boolean, noColor: boolean, env: NodeJS.ProcessEnv): boolean {
  if (noColor || env['NO_COLOR']) return false
  const force = env['FORCE_COLOR']
  if (force !== undefined) return force !== '0' && force !== 'false'
  return isTTY && env['TERM'] !== 'dumb'
}

/** Loads chalk, whose own look at the environment is not asked: it ignores NO_COLOR on a terminal. */
export async function loadStyle(colour: boolean): Promise<Style> {
  if (!colour) return PLAIN
  const { Chalk } = await import('chalk')
  const { bold, dim, red, green, yellow, cyan } = new Chalk({ level: 1 })
  return { colour, bold, dim, red, green, yellow, cyan }
}
