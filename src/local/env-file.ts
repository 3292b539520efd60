import { envNameProblem, envValueProblem } from '../model/app-env.ts'
import { ReleaserError } from '../model/errors.ts'

/**
 * The values of a dotenv file. What shells and the many dotenv readers would read differently is refused and not guessed at:
 *
 *     # a comment; blank lines too
 *     NAME=value            # up to the end of the line or a blank and a `#`; blanks at both ends do not count
 *     export NAME='value'   # as it stands, over several lines if need be
 *     NAME="value"          # the same, where \n \r \t \" \\ \$ \` stand for a newline … and for the character itself
 *
 * Nothing is expanded or run: `$NAME`, `${…}`, `$(…)` and backquotes are refused outside of single quotes, and so are a `#` within a
 * bare value, an escape of another kind, text after a closing quote, a name that stands there twice, and what is none of these lines.
 * A byte order mark and the CR of CRLF are left out. Fails with CONFIG, naming file and line and never what stands there.
 */
export function parseEnvFile(text: string, file: string): ReadonlyMap<string, string> {
  const source = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n')
  const values = new Map<string, string>()
  const lines = new Map<string, number>()
  let at = 0
  while (at < source.length) {
    const nothing = match(NOTHING, source, at)
    if (nothing) {
      at += nothing[0].length
      continue
    }
    const line = source.slice(0, at).split('\n').length
    const start = match(START, source, at)
    if (!start)
      throw refusal(file, line, 'does not begin with a name and =', 'write NAME=value; put a value of several lines into quotes')
    const [all, name = ''] = start
    const after = at + all.length
    const read = readQuoted(source, after) ?? readBare(source, after)
    if ('says' in read) throw refusal(file, line, `${name} ${read.says}`, read.hint)
    const earlier = lines.get(name)
    if (earlier !== undefined) throw refusal(file, line, `${name} stands in line ${earlier} already`, 'leave one of the two out')
    const problem = envNameProblem(name) ?? envValueProblem(name, read.value)
    if (problem !== undefined) throw refusal(file, line, `${name} ${problem}`)
    values.set(name, read.value)
    lines.set(name, line)
    at = read.end
  }
  return values
}

/** A value and where the next line begins, or what is wrong with it. */
type Read = { readonly value: string; readonly end: number } | { readonly says: string; readonly hint: string }

const NOTHING = /[ \t]*(?:#[^\n]*)?(?:\n|$)/y
const START = /[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=/y
const QUOTED = /[ \t]*(?:'([^']*)'|"([^"\\]*(?:\\.[^"\\]*)*)")/sy
const REST = /[^\n]*/y
/** Where one reader expands and another does not. */
const EXPANSION = /\$[A-Za-z_{(]|`/

const EXPANDS = {
  says: 'holds a $ or a backquote that some readers expand, and this one does not',
  hint: 'put the value into single quotes if it is meant as it stands, or write out what it is to become',
}
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\', $: '$', '`': '`' }

function readQuoted(source: string, at: number): Read | undefined {
  const quoted = match(QUOTED, source, at)
  if (!quoted) return undefined
  const [all, single, double = ''] = quoted
  const rest = match(REST, source, at + all.length)?.[0] ?? ''
  if (!/^[ \t]*$|^[ \t]+#/.test(rest)) {
    return {
      says: 'has something after the closing quote',
      hint: 'a quote in a value is \\" in double quotes; a comment needs a blank before its #',
    }
  }
  const end = at + all.length + rest.length + 1
  if (single !== undefined) return { value: single, end }
  if (EXPANSION.test(double.replace(/\\./gs, ''))) return EXPANDS
  const strange = [...double.matchAll(/\\(.)/gs)].some(([, letter = '']) => ESCAPES[letter] === undefined)
  if (strange) {
    return {
      says: 'holds a backslash that means nothing',
      hint: 'in double quotes a backslash is \\\\; in single quotes it is itself',
    }
  }
  return { value: double.replace(/\\(.)/gs, (_, letter: string) => ESCAPES[letter] ?? ''), end }
}

function readBare(source: string, at: number): Read {
  const rest = match(REST, source, at)?.[0] ?? ''
  const value = rest.replace(/[ \t]#.*$/s, '').replace(/^[ \t]+|[ \t]+$/g, '')
  if (/^['"]/.test(value))
    return { says: 'has a quote that is not closed', hint: 'close it; a quote in a value is \\" in double quotes' }
  if (value.includes('#')) return { says: 'holds a #, where some readers begin a comment', hint: 'put the value into quotes' }
  return EXPANSION.test(value) ? EXPANDS : { value, end: at + rest.length + 1 }
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(text)
}

function refusal(file: string, line: number, says: string, hint = 'mend it there'): ReleaserError {
  return new ReleaserError('CONFIG', `${file}, line ${line}: ${says}`, { hint })
}
