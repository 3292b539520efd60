import { ReleaserError } from '../model/errors.ts'

/** One thing that is wrong in a configuration: `targets.prod.kep` `is not a known key`. An empty path means all of it. */
export interface Problem {
  readonly path: string
  readonly says: string
  readonly hint?: string | undefined
}

/** All problems of a configuration as one error that names the file and every path. */
export function configError(file: string, problems: readonly Problem[]): ReleaserError {
  const [first] = problems
  if (first && problems.length === 1) {
    return new ReleaserError('CONFIG', `${sentence(first)}, in ${file}`, { hint: first.hint ?? `mend it in ${file}` })
  }
  const list = problems.map((problem) => `\n  ${sentence(problem)}${problem.hint === undefined ? '' : ` (${problem.hint})`}`)
  return new ReleaserError('CONFIG', `${problems.length} problems in ${file}:${list.join('')}`, { hint: `mend them in ${file}` })
}

/** `['targets', 'prod', 'hosts', 0]` as `targets.prod.hosts[0]`. */
export function pathText(parts: readonly PropertyKey[]): string {
  return parts.reduce<string>((path, part) => {
    if (typeof part === 'number') return `${path}[${part}]`
    return path === '' ? String(part) : `${path}.${String(part)}`
  }, '')
}

function sentence({ path, says }: Problem): string {
  return `${path === '' ? 'the configuration' : path} ${says}`
}
