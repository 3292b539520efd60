import type { HookName } from './config.ts'
import type { Manifest } from './manifest.ts'
import { isName } from './name.ts'
import type { Layout } from './service.ts'

/** A hook that a release brings itself: a script in it, run by `sh` where it is not executable. */
export interface OwnHook {
  readonly hook: HookName
  readonly path: string
  readonly executable: boolean
}

/** The hooks that run on hosts, and that a release may bring. */
const ON_HOSTS: readonly HookName[] = [
  ...(['post-upload', 'pre-configure', 'post-configure', 'pre-stop', 'post-stop'] as const),
  ...(['pre-activate', 'post-activate', 'pre-start', 'post-start'] as const),
]

/** Where a hook may lie, the best place first: of each hook only the first one counts, so that none runs twice. */
const PLACES: readonly { readonly fits: RegExp; readonly file?: true }[] = [
  { fits: /^releaser\/hooks\/([a-z-]+)$/, file: true },
  { fits: /^releaser\/hooks\/([a-z-]+)\.sh$/, file: true },
  { fits: /^releaser\/hooks\/([a-z-]+)\/([^/]+)\.sh$/ },
  { fits: /^rel\/hooks\/([a-z_]+)\/([^/]+)\.sh$/ },
]
/** A release of Distillery or relx runs what lies in its own folders through its start script. */
const LAST_BESIDE_A_START_SCRIPT = 2

/**
 * The hooks that a release brings, as words: `x:PATH` is executable, `s:PATH` is run by `sh`; those of a folder in the order of their
 * names. A script whose name is not of the grammar of names is none.
 */
export function ownHooks(manifest: Manifest, kind: Layout['kind'] | undefined): readonly string[] {
  const last = kind === 'distillery' || kind === 'relx' ? LAST_BESIDE_A_START_SCRIPT : PLACES.length - 1
  const found = manifest.flatMap((entry) => {
    const place = entry.type === 'file' ? placeOf(entry.path) : undefined
    if (entry.type !== 'file' || !place || place.rank > last) return []
    return [{ ...place, word: `${(entry.mode & 0o100) === 0 ? 's' : 'x'}:${entry.path}` }]
  })
  return found
    .filter(({ hook, rank }) => found.every((other) => other.hook !== hook || other.rank >= rank))
    .map(({ word }) => word)
}

/** Reads such a word; undefined where it is none. */
export function ownHook(word: string): OwnHook | undefined {
  const [, sign, path = ''] = /^([xs]):(.*)$/.exec(word) ?? []
  const place = placeOf(path)
  return sign === undefined || !place ? undefined : { hook: place.hook, path, executable: sign === 'x' }
}

function placeOf(path: string): { readonly hook: HookName; readonly rank: number } | undefined {
  for (const [rank, { fits, file }] of PLACES.entries()) {
    const [, folder = '', script = ''] = fits.exec(path) ?? []
    const hook = ON_HOSTS.find((name) => name === folder.replaceAll('_', '-'))
    if (hook && (file || isName(script))) return { hook, rank }
  }
  return undefined
}
