import { ReleaserError } from '../model/errors.ts'
import type { Step } from '../model/plan.ts'
import type { Signature } from '../model/signature.ts'
import type { Target } from '../model/target.ts'

interface Signed {
  readonly target: Pick<Target, 'name' | 'allowedSigners'>
  readonly release: {
    readonly id: string
    readonly version: string
    readonly digest: string
    readonly signature?: Signature
  }
}

/**
 * What has a host verify who signed a release, before it has its name there and before anything of it runs, and keep the signature. A
 * target that names its signers takes nothing else: fails with INTEGRITY, whoever asks.
 */
export function signing({ target, release: { id, version, digest, signature } }: Signed): Step[] {
  const signers = target.allowedSigners ?? null
  if (signers && !signature)
    throw new ReleaserError('INTEGRITY', `${version} is not signed, and ${target.name} takes what an allowed key has signed`, {
      hint: "sign what is built (sign: { key: '~/.ssh/id_ed25519' } in the configuration), and build it again",
    })
  return signature ? [{ step: 'signed', release: id, digest, signers, signature }] : []
}
