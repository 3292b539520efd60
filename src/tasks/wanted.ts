import type { Manifest } from '../model/manifest.ts'
import type { Signature } from '../model/signature.ts'

/** The release that is to serve, as a plan needs it; `manifest` null where it lies on the hosts already. */
export interface Wanted {
  readonly id: string
  readonly version: string
  readonly digest: string
  readonly manifest: Manifest | null
  /** What its programs were built for, as words. */
  readonly platforms?: readonly string[]
  /** What kind of OTP release it is; where there is a manifest, that tells. */
  readonly layout?: string
  /** The hooks that it brings itself, as words; where there is a manifest, that tells. */
  readonly hooks?: readonly string[]
  readonly signature?: Signature
}
