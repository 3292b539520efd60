import { ReleaserError } from '../model/errors.ts'
import type { Facts } from '../model/plan.ts'
import { decodePlatform, fitsHost } from '../model/platform.ts'
import { isReleaseId } from '../model/release.ts'
import { size } from '../model/size.ts'

/** The layout on hosts that this version reads and writes. */
const FORMAT = 1

/** Without these nothing works; each row is one need and the tools that meet it. Names as the agent tells them. */
const NEEDS: readonly (readonly string[])[] = [
  ['sha256sum', 'shasum', 'openssl'],
  ...'tar gzip awk find mkfifo cat chmod cmp cp cut date grep ln ls mkdir mv readlink rm rmdir sed sleep sort sync tail tr wc'
    .split(' ')
    .map((tool) => [tool]),
  ['head -c'],
  ['xargs -0'],
]

/** What is needed on the host's disk, before anything is sent. */
export interface Need {
  readonly bytes: number
  readonly inodes: number
}

/** Refuses, before anything is touched, a host that cannot take this target's releases. */
export function refuseUnfit(
  facts: Facts,
  wanted: { readonly app: string; readonly target: string; readonly host: string },
  need: Need,
): void {
  refuseLacking(facts, wanted.host)
  refusePlace(facts, wanted)
  refuseFull(facts, wanted.host, need)
}

/** Refuses a host without the tools that everything there is done with. */
export function refuseLacking(facts: Facts, host: string): void {
  const missing = NEEDS.filter((tools) => !tools.some((tool) => facts.tools.includes(tool))).map((tools) => tools.join(' or '))
  if (missing.length > 0) {
    throw new ReleaserError('NOT_CHANGED', `${host} lacks ${missing.join(', ')}`, {
      hint: 'install it there, and deploy again',
    })
  }
}

/** Refuses a path that is another's, cannot be written, or whose `current` is not ours. */
export function refusePlace(
  facts: Facts,
  wanted: { readonly app: string; readonly target: string; readonly host: string },
): void {
  refuseForeign(facts, wanted)
  if (!facts.writable) {
    throw new ReleaserError('NOT_CHANGED', `${facts.root} on ${wanted.host} is not writable`, {
      hint: `make it there as root, for the user who logs in: mkdir -p ${facts.root} && chown USER ${facts.root}`,
    })
  }
  const foreign = foreignCurrent(facts)
  if (foreign !== undefined) {
    throw new ReleaserError('NOT_CHANGED', `${facts.root}/current on ${wanted.host} is ${foreign}, not a link of ours`, {
      hint: 'move it away there, and deploy again',
    })
  }
}

/** What `current` is, where it is nothing that a deploy could go back to. */
function foreignCurrent({ current, dirs }: Facts): string | undefined {
  if (current.kind === 'foreign') return current.what
  const odd = current.kind === 'link' && dirs.includes(current.dir) && !isReleaseId(current.dir.replace(/~.*/, ''))
  return odd ? `a link to releases/${current.dir}` : undefined
}

/** Refuses a release whose programs all were built for other machines, or for a C library that is not there. */
export function refuseOtherMachine(
  { system, libcs }: Facts,
  wanted: { readonly host: string; readonly version: string; readonly platforms: readonly string[] },
): void {
  const platforms = wanted.platforms.map(decodePlatform)
  if (fitsHost(platforms, { system, libcs })) return
  const built = platforms.map(({ machine, libc }) => (libc ? `${machine} with ${libc}` : machine)).join(', ')
  const machine = system.split(' ').at(-1)
  throw new ReleaserError(
    'NOT_CHANGED',
    `${wanted.version} was built for ${built}, and ${wanted.host} is ${machine}${libcs.length > 0 ? ` with ${libcs.join(' and ')}` : ''}`,
    {
      hint: 'build it on or for the system of that host (FROM and platform of a Dockerfile); if nothing of it is run there: --force',
    },
  )
}

/** A path belongs to one app of one target, for ever; a newer layout is left alone. */
export function refuseForeign(
  facts: Facts,
  wanted: { readonly app: string; readonly target: string; readonly host: string },
): void {
  const { identity } = facts
  if (identity && (identity.app !== wanted.app || identity.target !== wanted.target)) {
    throw new ReleaserError(
      'USAGE',
      `${facts.root} on ${wanted.host} belongs to ${identity.app} (target ${identity.target}), not to ${wanted.app} (target ${wanted.target})`,
      {
        hint: 'give this target a path of its own',
      },
    )
  }
  if (facts.format !== null && facts.format > FORMAT) {
    throw new ReleaserError(
      'NOT_CHANGED',
      `${facts.root} on ${wanted.host} was laid out by a newer releaser (format ${facts.format}, this one knows ${FORMAT})`,
      {
        hint: 'update releaser here',
      },
    )
  }
}

function refuseFull({ root, mount, freeBytes, freeInodes, partial }: Facts, host: string, need: Need): void {
  const where = mount === null ? 'there' : `on ${mount}`
  if (freeBytes !== null && freeBytes + partial.bytes < need.bytes) {
    throw new ReleaserError(
      'NOT_CHANGED',
      `no space on ${host}: ${root} needs ${size(need.bytes)}, ${size(freeBytes)} are free ${where}`,
      { hint: 'make room there, or lower keep and run releaser prune' },
    )
  }
  if (freeInodes !== null && freeInodes + partial.inodes < need.inodes) {
    throw new ReleaserError(
      'NOT_CHANGED',
      `no inodes on ${host}: ${root} needs ${need.inodes}, ${freeInodes} are free ${where}`,
      { hint: 'remove many small files there, or lower keep and run releaser prune' },
    )
  }
}

/** Fails with NOT_FOUND where a release that was chosen on a host does not lie there: somebody has pruned it since. */
export function refuseGone(
  releases: readonly { readonly id: string }[],
  wanted: string,
  { host, target }: { readonly host: { readonly name: string }; readonly target: { readonly name: string } },
): void {
  if (releases.some(({ id }) => id === wanted)) return
  throw new ReleaserError('NOT_FOUND', `${host.name}: ${wanted} is not there any more`, {
    hint: `list what lies there: releaser releases target=${target.name}`,
  })
}
