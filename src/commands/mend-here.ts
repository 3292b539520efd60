import type { Store } from '../local/store.ts'
import type { Finding } from '../model/finding.ts'
import type { Release } from '../model/release.ts'
import type { Call } from './command.ts'

/**
 * Puts right in the store what can be: records and lists of files, from whole tarballs. A tarball is not to be mended here; its release,
 * and files that no record knows, go where somebody says so. Then looks again.
 */
export async function mendHere(
  call: Call,
  store: Store,
  found: readonly Finding[],
  look: () => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  const of = (some: readonly Finding[]) => store.list().filter(({ id }) => some.some(({ release }) => release === id))
  const lost = of(found.filter(({ path }) => TARBALL.test(path)))
  const strange = found.filter(({ release }) => release === null).map(({ path }) => path)
  if (call.globals.dryRun) return found.map((finding) => ({ ...finding, mended: false }))
  const going = lost.length > 0 && (await mayGo(call, lost.map(named).join(', '), HELP)) ? lost : []
  const files = strange.length > 0 && (await mayGo(call, strange.join(', '), '')) ? strange : []
  await store.mend(
    of(found).filter((release) => !lost.includes(release)),
    call.signal,
  )
  await store.discard(going, files)
  const left = (await look()).map(keyOf)
  return found.map((finding) => ({ ...finding, mended: !left.includes(keyOf(finding)) }))
}

const TARBALL = /^releases\/[^/]+\/[^/]+\.tar\.(?:gz|zst)$/
const HELP = 'take it from a host that has it (releaser download), or build it again: the same content takes its place'

async function mayGo({ ui, globals }: Call, what: string, help: string): Promise<boolean> {
  const question = `cannot be mended here: ${what}${help === '' ? '' : `; ${help}`}`
  if (globals.yes) return true
  if (ui.interactive) return ui.confirm(`${question}. Remove it for good?`, { initial: false, answer: '--yes' })
  ui.warn(`${question} (--yes removes it)`)
  return false
}

function named({ app, version, id }: Release): string {
  return `${app} ${version} (${id})`
}

function keyOf({ release, path }: Finding): string {
  return `${release}\t${path}`
}
