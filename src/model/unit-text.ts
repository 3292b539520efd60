/**
 * A text as one word of a line in a unit file, from which systemd reads back just that text. In a line that starts something
 * (`exec`) it would put variables in the place of `$`.
 */
export function unitWord(text: string, { exec = false }: { readonly exec?: boolean } = {}): string {
  const escaped = text
    .replaceAll(/[\\"]/g, '\\$&')
    .replaceAll('%', '%%')
    .replaceAll('\n', '\\n')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these would end or split the line
    .replaceAll(/[\x01-\x1f\x7f]/g, (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`)
  return `"${exec ? escaped.replaceAll('$', '$$$$') : escaped}"`
}

/** A path for the settings that take a line as it is, without words and quotes; it holds no control characters. */
export function unitPath(path: string): string {
  return path.replaceAll('%', '%%')
}

/** The same for the settings that take a pattern of paths. */
export function unitPattern(path: string): string {
  return unitPath(path.replaceAll(/[\\*?[\]]/g, '\\$&'))
}

/** A name for a unit of ours. Names of apps and targets are longer on characters; `own`, some digits, tells apart what looks alike then. */
export function unitName(
  prefix: string,
  { app, target }: { readonly app: string; readonly target: string },
  own: string,
): string {
  return `${prefix}-${app}-${target}-${own}.service`.replaceAll(/[^\w.-]/g, '_')
}
