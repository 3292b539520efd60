import type { z } from 'zod'
import type { HostEntry } from '../model/config.ts'
import { didYouMean } from '../model/suggest.ts'
import { notYet } from './config-not-yet.ts'
import { type Problem, pathText } from './config-problem.ts'
import { hostList, schema, type Written } from './config-schema.ts'

type Issue = z.core.$ZodIssue

/** Reads what a file exported as a configuration, or tells everything that is wrong with its form. Keys set to `undefined` count as left out. */
export function checkForm(exported: unknown): { readonly written: Written } | { readonly problems: readonly Problem[] } {
  if (isCyclic(exported)) return { problems: [{ path: '', says: 'refers to itself' }] }
  const config = withoutUndefined(exported)
  const early = notYet(config)
  const parsed = schema.safeParse(config)
  if (parsed.success && early.length === 0) return { written: parsed.data }
  const late = parsed.success ? [] : parsed.error.issues.flatMap((issue) => problemsOf(issue, config))
  // What a later version will bring may be written in a later version's way.
  return { problems: [...early, ...late.filter(({ path }) => !early.some((it) => path === it.path || isBelow(path, it.path)))] }
}

/** Reads what a command printed as a list of hosts. */
export function checkHosts(
  printed: unknown,
): { readonly written: readonly (string | HostEntry)[] } | { readonly problems: readonly Problem[] } {
  const parsed = hostList.safeParse(printed)
  if (parsed.success) return { written: parsed.data }
  const config = { hosts: printed }
  return { problems: parsed.error.issues.flatMap((issue) => problemsOf({ ...issue, path: ['hosts', ...issue.path] }, config)) }
}

function problemsOf(issue: Issue, config: unknown): readonly Problem[] {
  const path = pathText(issue.path)
  const found = at(config, issue.path)
  switch (issue.code) {
    case 'unrecognized_keys': {
      const hints = issue.message.split('\n')
      return issue.keys.map((key, index) => ({
        path: pathText([...issue.path, key]),
        says: 'is not a known key',
        hint: hints[index],
      }))
    }
    case 'invalid_union':
      if (issue.errors.length > 0) return unionProblems(issue.errors, issue.path, config)
      return [{ path, ...choice(found, 'options' in issue && Array.isArray(issue.options) ? issue.options : []) }]
    case 'invalid_value':
      return [{ path, ...choice(found, issue.values) }]
    case 'invalid_key':
      return issue.issues.map(({ message }) => ({ path, says: message }))
    case 'invalid_type':
      if (found === undefined) return [{ path, says: 'is missing' }]
      if (issue.message.startsWith('Invalid')) return [{ path, says: `must be ${typeWords(issue)}, not ${describe(found)}` }]
      return [{ path, says: `${issue.message}, not ${describe(found)}` }]
    case 'custom':
      return [{ path, says: issue.message }]
    default:
      return [
        {
          path,
          says: issue.message.startsWith('must') ? `${issue.message}, not ${describe(found)}` : `is not valid: ${issue.message}`,
        },
      ]
  }
}

/** Of the ways something may be written, the one that was meant: whose outermost type fits. */
function unionProblems(errors: readonly (readonly Issue[])[], path: readonly PropertyKey[], config: unknown): readonly Problem[] {
  const isOuter = (issue: Issue) => issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value')
  const found = at(config, path)
  const meant =
    errors.find((issues) => !issues.some(isOuter)) ??
    errors.find(([issue]) => typeof found === 'string' && issue?.code === 'invalid_value' && typeof issue.values[0] === 'string')
  if (meant) return meant.flatMap((issue) => problemsOf({ ...issue, path: [...path, ...issue.path] }, config))
  const ways = errors.flatMap(([issue]) => (issue ? [typeWords(issue)] : []))
  return [{ path: pathText(path), says: `must be ${[...new Set(ways)].join(' or ')}, not ${describe(found)}` }]
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
}

function typeWords(issue: Issue): string {
  if (issue.code === 'invalid_value') return issue.values.map(quoted).join(' or ')
  return issue.code === 'invalid_type' ? (TYPES[issue.expected] ?? issue.expected) : 'something else'
}

function choice(found: unknown, values: readonly unknown[]): Pick<Problem, 'says' | 'hint'> {
  const says = found === undefined ? 'is missing' : `must be ${values.map(quoted).join(' or ')}, not ${describe(found)}`
  return {
    says,
    hint: typeof found === 'string' ? didYouMean(found, values.map(String)) : `write ${values.map(quoted).join(' or ')}`,
  }
}

function quoted(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value)
}

function describe(value: unknown): string {
  if (typeof value === 'string') return value.length > 60 ? 'a long string' : JSON.stringify(value)
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'function') return 'a function'
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((it, key) => (typeof it === 'object' && it !== null ? Reflect.get(it, key) : undefined), value)
}

function isBelow(path: string, parent: string): boolean {
  return path.startsWith(`${parent}.`) || path.startsWith(`${parent}[`)
}

function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined)
  if (!isPlain(value)) return value
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  return Object.fromEntries(entries.map(([key, item]) => [key, withoutUndefined(item)]))
}

function isCyclic(value: unknown, above: readonly unknown[] = []): boolean {
  if (above.includes(value)) return true
  const items = Array.isArray(value) ? value : isPlain(value) ? Object.values(value) : []
  return items.some((item) => typeof item === 'object' && isCyclic(item, [...above, value]))
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
