import type { Store } from '../local/store.ts'
import { ReleaserError } from '../model/errors.ts'
import { UNKNOWN, wordFor } from '../model/host-state.ts'
import type { Release } from '../model/release.ts'
import type { Signature } from '../model/signature.ts'
import type { Target } from '../model/target.ts'
import type { Asked } from '../rollout/host.ts'
import type { Wanted } from '../tasks/wanted.ts'
import type { Call } from './command.ts'

/** What is to be deployed, and where its bytes come from; null where they lie on the hosts. */
interface Meant {
  readonly store: Store
  readonly source: Release | null
  readonly targets: readonly Target[]
  readonly hosts: readonly Asked[]
}

/**
 * A release with its signature, as the store or else a host has it. Where a target names its signers: verified for each of these targets,
 * and the tarball against what was signed. Fails with INTEGRITY then, CONFIG where there is no ssh-keygen; nothing has been sent yet.
 */
export async function withSignature<W extends Wanted>(call: Call, release: W, meant: Meant): Promise<W> {
  const { store, source, targets, hosts } = meant
  const demanding = targets.flatMap(({ name, allowedSigners }) =>
    allowedSigners ? [{ target: name, allowed: allowedSigners }] : [],
  )
  const known = signaturesOf(release, store, hosts)
  if (demanding.length === 0) return known[0] ? { ...release, signature: known[0] } : release
  const word = wordFor(release)
  if (release.digest === UNKNOWN)
    throw new ReleaserError('INTEGRITY', `nobody knows the digest of ${word}, and so not who has signed it`, {
      hint: 'deploy a release that is signed: releaser deploy target=NAME',
    })
  const { demandSigner } = await import('../local/signer.ts')
  const refused: unknown[] = []
  for (const signature of known.length > 0 ? known : [undefined]) {
    try {
      for (const one of demanding)
        await demandSigner({ ...one, release: word, digest: release.digest, signature, signal: call.signal })
      if (source) await demandWhole(call, store, source)
      return signature ? { ...release, signature } : release
    } catch (error) {
      if (!(error instanceof ReleaserError) || error.code !== 'INTEGRITY') throw error
      refused.push(error)
    }
  }
  throw refused[0]
}

/** The store's goes first: this machine has it from who built it. */
function signaturesOf({ id, digest }: Wanted, store: Store, hosts: readonly Asked[]): readonly Signature[] {
  const here = store.list().flatMap((one) => (one.digest === digest && one.signature ? [one.signature] : []))
  const there = hosts.flatMap(({ facts }) => facts.signatures.filter((one) => one.id === id))
  const all = [...here, ...there.map(({ blob, comment }) => ({ blob, comment }))]
  return all.filter(({ blob }, index) => all.findIndex((other) => other.blob === blob) === index)
}

/** The signature is of the list of files: whether the tarball holds just these is told before it is sent. */
async function demandWhole({ signal }: Call, store: Store, source: Release): Promise<void> {
  const [first] = await store.verify([source], { signal, onProgress: () => {} })
  if (first)
    throw new ReleaserError(
      'INTEGRITY',
      `${source.version} in the store is not what was signed: ${first.path}${first.why && `: ${first.why}`}`,
      {
        hint: 'see all that is damaged: releaser verify; and build it again',
      },
    )
}
