// No kernel follows more links than this in one path; what needs more is a loop and leads nowhere.
const HOPS = 40

/**
 * Whether the symlink at `path` leads out of its tree: by its words alone, or on the way through other links of the
 * tree. `links` holds every symlink's target by path; those in `meant` may lead out, and so may what goes through them.
 */
export function leavesTree(path: string, links: ReadonlyMap<string, string>, meant: ReadonlySet<string>): boolean {
  if (meant.has(path)) return false
  const target = links.get(path) ?? ''
  return target.startsWith('/') || leavesByWords(path, target) || leavesOnTheWay(path, target, links, meant)
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

function leavesOnTheWay(path: string, target: string, links: ReadonlyMap<string, string>, meant: ReadonlySet<string>): boolean {
  const at = path.split('/').slice(0, -1)
  const ahead = target.split('/').reverse()
  let hops = 0
  for (let part = ahead.pop(); part !== undefined; part = ahead.pop()) {
    if (part === '' || part === '.') continue
    if (part === '..') {
      if (at.pop() === undefined) return true
      continue
    }
    at.push(part)
    const here = at.join('/')
    const next = links.get(here)
    if (next === undefined) continue
    if (meant.has(here) || ++hops > HOPS) return false
    if (next.startsWith('/')) return true
    at.pop()
    ahead.push(...next.split('/').reverse())
  }
  return false
}
