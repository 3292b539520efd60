import { hasControl } from '../model/name.ts'

/** Why a path cannot be where a target lives on its hosts; undefined where it can. */
export function deployPathProblem(path: string): string | undefined {
  if (path.trim() === '') return 'is empty'
  if (hasControl(path)) return 'holds a control character'
  if (path.startsWith('-')) return `"${path}" starts with a dash: write ./${path}`
  if (/^~[^/]/.test(path)) return `"${path}" names another user's home: write ~/… or an absolute path`
  const parts = partsOf(path)
  if (parts.includes('..')) return `"${path}" holds ..`
  if (path.startsWith('/') && parts.length === 0) return 'is the root of the file system'
  return undefined
}

/** Why an entry of `shared` cannot be one; undefined where it can. */
export function sharedPathProblem(path: string): string | undefined {
  const problem = releasePathProblem(path)
  if (problem !== undefined) return problem
  if (partsOf(path)[0] === 'env') return `"${path}" is taken: releaser keeps the app's environment in shared/env`
  return undefined
}

/** Why a path cannot be in a backup, relative to the deploy path; undefined where it can. */
export function backupPathProblem(path: string): string | undefined {
  const problem = releasePathProblem(path)
  if (problem !== undefined)
    return problem.replace('to the release', "to the target's path").replace('the release itself', 'all of it')
  const [first = ''] = partsOf(path)
  return ['backups', '.releaser'].includes(first) ? `"${path}" would have backups in backups: name what the app keeps` : undefined
}

/** Why a path cannot be one of a file or a folder in a release; undefined where it can. */
export function releasePathProblem(path: string): string | undefined {
  if (path.trim() === '') return 'is empty'
  if (hasControl(path)) return 'holds a control character'
  if (path.startsWith('/') || path.startsWith('~')) return `"${path}" must be relative to the release`
  const parts = partsOf(path)
  if (parts.includes('..')) return `"${path}" holds ..`
  return parts.length === 0 ? `"${path}" is the release itself` : undefined
}

/** A path of a release in its plain form: `./a//b/` is `a/b`. */
export function plainPath(path: string): string {
  return partsOf(path).join('/')
}

/** Two entries of `shared` that are the same, or of which one lies in the other; undefined where there are none. */
export function overlap(paths: readonly string[]): readonly [string, string] | undefined {
  for (const [index, path] of paths.entries()) {
    const other = paths.find((it, at) => at !== index && (it === path || it.startsWith(`${path}/`)))
    if (other !== undefined) return [path, other]
  }
  return undefined
}

/** Why a pattern of `clean` cannot be one; undefined where it can. */
export function cleanProblem(pattern: string): string | undefined {
  if (pattern.trim() === '') return 'is empty'
  if (hasControl(pattern)) return 'holds a control character'
  const parts = partsOf(pattern)
  if (pattern.startsWith('/') || pattern.startsWith('~') || parts.includes('..')) return `"${pattern}" leads out of the project`
  if (parts.every((part) => /^\*+$/.test(part))) return `"${pattern}" would remove the whole project`
  if (parts.includes('.git') || parts.includes('.releaser')) return `"${pattern}" would remove what cannot be built again`
  return undefined
}

/** The parts of a path that mean something: neither empty nor `.`. */
export function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.')
}
