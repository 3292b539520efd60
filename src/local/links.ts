// No kernel follows more links than this in one path; what needs more is a loop and leads nowhere.
const HOPS = 40

/** Characters of paths that may still be looked up: links can be made so that following all of them takes days. */
export interface Effort {
  left: number
}

/** What no tree of links needs that is meant to be used: a few seconds. */
export function effort(): Effort {
  return { left: 3e8 }
}

/**
 * Whether the symlink at `path` leads out of its tree: by its words alone, or on the way through other links of the
 * tree. `links` holds every symlink's target by path; those in `meant` may lead out, and so may what goes through them.
 * Where `spent` has nothing left, nobody knows: it says so.
 */
export function leavesTree(
  path: string,
  links: ReadonlyMap<string, string>,
  meant: ReadonlySet<string>,
  spent: Effort = effort(),
): boolean {
  if (meant.has(path)) return false
  const target = links.get(path) ?? ''
  return target.startsWith('/') || leavesByWords(path, target) || leavesOnTheWay(path, target, { links, meant, spent })
}

function leavesByWords(path: string, target: string): boolean {
  let depth = path.split('/').length - 1
  for (const part of target.split('/')) {
    if (part === '' || part === '.') continue
    depth += part === '..' ? -1 : 1
    if (depth < 0) return true
  }
  return false
}

interface Links {
  readonly links: ReadonlyMap<string, string>
  readonly meant: ReadonlySet<string>
  readonly spent: Effort
}

function leavesOnTheWay(path: string, target: string, { links, meant, spent }: Links): boolean {
  let at = path.slice(0, Math.max(0, path.lastIndexOf('/')))
  const ahead = target.split('/').reverse()
  let hops = 0
  for (let part = ahead.pop(); part !== undefined; part = ahead.pop()) {
    if (part === '' || part === '.') continue
    if (part === '..') {
      if (at === '') return true
      at = at.slice(0, Math.max(0, at.lastIndexOf('/')))
      continue
    }
    const here = at === '' ? part : `${at}/${part}`
    spent.left -= here.length
    if (spent.left < 0) return false
    const next = links.get(here)
    if (next === undefined) {
      at = here
      continue
    }
    if (meant.has(here) || ++hops > HOPS) return false
    if (next.startsWith('/')) return true
    ahead.push(...next.split('/').reverse())
  }
  return false
}
