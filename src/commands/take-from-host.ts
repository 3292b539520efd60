import { join } from 'node:path'
import type { Store } from '../local/store.ts'
import { ReleaserError } from '../model/errors.ts'
import type { FindingKind } from '../model/finding.ts'
import type { HostRelease } from '../model/host-state.ts'
import { fallbackVersion, type Release, timeOf } from '../model/release.ts'
import type { Signature } from '../model/signature.ts'
import { whenAborted } from '../model/when-aborted.ts'
import { fetchRelease } from '../remote/download.ts'
import type { Asked } from '../rollout/host.ts'
import type { Call } from './command.ts'

/** A release as it lies on one host. */
export interface Place {
  readonly asked: Asked
  readonly release: HostRelease
}

/** What of a release on a host is not as it was sent. */
export interface NotWhole {
  readonly amiss: readonly { readonly path: string; readonly kind: FindingKind }[]
}

/** Takes a release from one host, through a folder of the store that is gone afterwards. Fails with CONNECTION, INTEGRITY, BUILD. */
export async function takeFrom(call: Call, store: Store, app: string, { asked, release }: Place): Promise<Release | NotWhole> {
  const { ui, signal } = call
  const { remote, host, facts } = asked
  const [{ inTemporaryFolder }, { takeRelease }, { decompressor }, { hasZstd }, { packTree }, { builtVersion }] =
    await Promise.all([
      import('../local/temporary.ts'),
      import('../local/take-release.ts'),
      import('../local/compression.ts'),
      import('../local/tarball.ts'),
      import('../local/pack.ts'),
      import('../local/built-version.ts'),
    ])
  const wire = facts.tools.includes('zstd') && (await hasZstd()) ? 'zstd' : 'gzip'
  return inTemporaryFolder(store.dir, async (scratch) => {
    signal.throwIfAborted()
    const coming = await fetchRelease(remote, host.path, release, wire)
    if (!coming) throw new ReleaserError('NOT_FOUND', `${release.id} is not there any more`)
    const letGo = whenAborted(signal, coming.close)
    const into = join(scratch, 'tree')
    try {
      // Of a digest that is none, as of one that is lost, there is what the id says.
      const digest = /^sha256:[0-9a-f]{64}$/.test(release.digest) ? release.digest : `sha256:${release.id.slice(-8)}`
      const onProgress = (done: number, total: number) =>
        ui.observe({ event: 'progress', host: host.name, step: 'download', done, total })
      const bytes = decompressor(wire)(coming.stream as AsyncIterable<Buffer>)
      const { manifest, amiss } = await takeRelease({ bytes, listBytes: coming.listBytes, digest, onProgress }, into).catch(
        (error: unknown) => {
          throw told(error, signal, coming.stderr())
        },
      )
      if (amiss.length > 0) return { amiss }
      const absoluteLinks = manifest.flatMap(({ type, path }) => (type === 'symlink' ? [path] : []))
      const packed = await packTree({ dir: into, storeDir: store.dir, app, absoluteLinks, code: 'INTEGRITY', signal })
      for (const warning of packed.warnings) ui.warn(warning)
      const version =
        release.version === 'unknown' ? ((await builtVersion([into])) ?? fallbackVersion(timeOf(release.id))) : release.version
      const signature = await signatureOf(call, asked, release.id, packed.digest)
      return await store.restore(packed, release.id, { app, version, tags: [], builder: null, git: null, signature })
    } finally {
      letGo()
      coming.close()
    }
  })
}

/** What the host has kept of who signed it. One that is of something else, or that nobody can look at here, stays there. */
async function signatureOf(
  { ui, signal }: Call,
  { facts, host }: Asked,
  id: string,
  digest: string,
): Promise<Signature | undefined> {
  const found = facts.signatures.find((one) => one.id === id)
  if (!found) return undefined
  const { isGenuine } = await import('../local/signer.ts')
  const signature = { blob: found.blob, comment: found.comment }
  try {
    if (await isGenuine(signature, digest, signal)) return signature
    ui.warn(`the signature of ${id} on ${host.name} is not one of its digest, and is left there`)
  } catch (error) {
    if (!(error instanceof ReleaserError) || error.code !== 'CONFIG') throw error
    ui.warn(`the signature of ${id} is left on ${host.name}: ${error.message}`)
  }
  return undefined
}

/** A stream that broke off, as what it is. */
function told(error: unknown, signal: AbortSignal, said: string): unknown {
  if (signal.aborted)
    return new ReleaserError('INTERRUPTED', 'stopped while downloading', { cause: error, hint: 'nothing was stored' })
  if (error instanceof ReleaserError) return error
  if (error instanceof Error && 'syscall' in error && 'path' in error)
    return new ReleaserError('BUILD', `cannot lay out the release here: ${error.message}`, {
      cause: error,
      hint: 'see whether the disk of the store is full',
    })
  const reason = error instanceof Error ? error.message : String(error)
  return new ReleaserError('CONNECTION', `the line was lost while the release came: ${said === '' ? reason : said}`, {
    cause: error,
    hint: 'run the same command again',
  })
}
