import { signerOf } from '../local/signer.ts'
import type { GitState, Release } from '../model/release.ts'
import type { Signature } from '../model/signature.ts'
import { count, size } from '../model/size.ts'

/** A release in `--json`; `signer` is who its signature says that it is of, left out where nobody has signed it. */
export function releaseJson(release: Release, latest: boolean): Readonly<Record<string, unknown>> {
  const { id, app, version, tags, createdAt, bytes, sha256, md5, digest, files, unpackedBytes, builder, git } = release
  const { metadata } = release
  const shown = { id, app, version, tags, createdAt, bytes, sha256, md5, digest, files, unpackedBytes, builder, git, latest }
  const signer = release.signature && signerOf(release.signature)
  return { ...shown, ...(metadata !== undefined && { metadata }), ...(signer && { signer }) }
}

/** A release in a line: `shop 1.4.0  20261120…-3f2a9c1d  9.4 MB, 4,123 files  sha256:3f2a9c1d…`. */
export function releaseLine({ app, version, id, bytes, files, digest }: Release): string {
  return `${app} ${version}  ${id}  ${size(bytes)}, ${count(files, 'file')}  ${digest.slice(0, 'sha256:'.length + 8)}…`
}

/** A revision as people say it: `3f2a9c1d on main, with changes`. */
export function gitShown({ rev, branch, dirty }: GitState): string {
  return `${rev.slice(0, 8)}${branch === null ? '' : ` on ${branch}`}${dirty ? ', with changes' : ''}`
}

/** The same in a column: `3f2a9c1d`, with `+` where there were changes; `-` where it is not known. */
export function gitMark(git: GitState | null): string {
  return git ? `${git.rev.slice(0, 8)}${git.dirty ? '+' : ''}` : '-'
}

/** Who signed, in a column: what the key is called, or the beginning of its fingerprint; `-` where nobody has. */
export function signerMark(signature: Signature | undefined): string {
  const signer = signature && signerOf(signature)
  if (!signer) return signature ? 'unreadable' : '-'
  return signer.comment === '' ? `${signer.fingerprint.slice(0, 'SHA256:'.length + 8)}…` : signer.comment
}
