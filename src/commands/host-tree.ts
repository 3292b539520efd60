import { hash } from 'node:crypto'
import { loadConfig, pickTargets } from '../local/config.ts'
import { ReleaserError } from '../model/errors.ts'
import type { HostRelease } from '../model/host-state.ts'
import { viewOf } from '../model/host-view.ts'
import { decodeManifest, type Manifest } from '../model/manifest.ts'
import type { GitState } from '../model/release.ts'
import type { Asked } from '../rollout/host.ts'
import { releaseOn } from '../tasks/on-host.ts'
import type { Call } from './command.ts'
import { destinations } from './destinations.ts'
import { answerOf } from './in-current.ts'
import { recallOf } from './memory.ts'
import type { Place } from './place.ts'
import { withHosts } from './with-hosts.ts'

/** One side of a comparison. */
export interface Side {
  readonly id: string
  readonly version: string
  readonly manifest: Manifest
  readonly git: GitState | null
}

/**
 * What REFs name for somebody who has a target in mind: `current` and `previous` are those of its first host; all else is looked
 * up in the store, then on that host, whose own manifest says what is in it.
 */
export async function treeOnHosts(call: Call, { store }: Place, refs: readonly string[]): Promise<readonly Side[]> {
  const loaded = await loadConfig({ file: call.globals.config, cwd: process.cwd() })
  const all = destinations(await pickTargets(loaded, call.values['target'], call.signal), call.values['host'], recallOf(store))
  const act: Parameters<typeof withHosts<readonly Side[]>>[2] = async ({ hosts }) => {
    const [first] = hosts
    if (!first) throw new ReleaserError('NOT_FOUND', 'there is no host to ask')
    const { app } = first.target
    const view = viewOf(first.facts)
    const sides: Side[] = []
    for (const ref of refs) {
      const landmark = ref === 'current' || ref === 'previous'
      const here = landmark ? undefined : found(() => store.find(ref, app))
      const there = here ? undefined : releaseOn('each', [view], ref)
      const known = here ?? store.list(app).find(({ id }) => id === there?.id)
      if (there) sides.push({ ...there, git: known?.git ?? null, manifest: await manifestOn(call, first, there) })
      else if (known) sides.push({ ...known, manifest: await store.manifest(known) })
    }
    return sides
  }
  return withHosts(call, all, act, { aside: true })
}

/** Nothing where no release is named so. */
function found<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch (error) {
    if (error instanceof ReleaserError && error.code === 'NOT_FOUND') return undefined
    throw error
  }
}

async function manifestOn(call: Call, asked: Asked, { id, digest }: HostRelease) {
  // The path is the agent's word for the host's own; the id keeps the grammar of ids.
  const { stdout } = await answerOf(call, asked, { script: 'cat "$RELEASER_PATH/.releaser/manifests/$1"', args: [id] }, undefined)
  const manifest = decodeManifest(stdout)
  if (manifest && (digest === 'unknown' || `sha256:${hash('sha256', stdout)}` === digest)) return manifest
  throw new ReleaserError('INTEGRITY', `the manifest of ${id} on ${asked.host.name} is damaged`, {
    hint: `look closer: releaser verify target=${asked.target.name}`,
  })
}
