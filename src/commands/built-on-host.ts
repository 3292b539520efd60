import { basename, join } from 'node:path'
import type { Made } from '../local/build/made.ts'
import type { SshBuilder } from '../local/config-builder.ts'
import { unpackTarball } from '../local/import.ts'
import { ReleaserError } from '../model/errors.ts'
import type { HostBuilt } from '../remote/build-host.ts'
import { writeHint } from '../remote/write-hint.ts'

/** A build on a host as it is seen from here. */
export interface Away {
  /** The builder's. */
  readonly name: string
  readonly builder: SshBuilder
  /** How messages call it. */
  readonly host: string
  readonly scratch: string
  /** The archive of what was made, once it is here. */
  readonly into: string
}

export type Ended = Exclude<HostBuilt, { result: 'locked' }>

/** What came of a build on a host, as a folder or a file in `scratch`. Fails with BUILD, or with USAGE where its path is somebody else's. */
export async function madeOf(ended: Ended, away: Away): Promise<Made> {
  const { name, builder, host, scratch, into } = away
  if (ended.result !== 'built') throw failure(ended, away)
  const written = builder.output
  const { kind, place } = ended
  if (kind !== 'folder' && kind !== 'file')
    throw new ReleaserError('BUILD', `builder "${name}" ended well, but its output ${written} ${ODD[kind]} on ${host}`, {
      hint: `look at ${place} on ${host}; let its command write there, or mend builders.${name}.output`,
    })
  const path = join(scratch, 'fetched')
  // A link that leads out is told when the release is packed, unless it is excluded.
  await unpackTarball({ file: into, into: path, absoluteLinks: 'all' }).catch((cause: unknown) => {
    if (!(cause instanceof ReleaserError) || cause.code !== 'USAGE') throw cause
    throw new ReleaserError(
      'BUILD',
      `the output ${written} of builder "${name}" cannot be taken: ${cause.message.replaceAll(`${into} `, 'it ')}`,
      {
        cause,
        hint: `look at ${place} on ${host}`,
      },
    )
  })
  const hint = `let its command write there, or mend builders.${name}.output`
  return { path: kind === 'folder' ? path : join(path, basename(written)), written, hint }
}

const ODD = { missing: 'does not exist', empty: 'is empty', odd: 'is neither a folder nor a file' } as const

function failure(ended: Exclude<Ended, { result: 'built' }>, { name, host, builder }: Away): ReleaserError {
  if (ended.result === 'broken') {
    const { code, lines, place } = ended
    const last = lines.map((line) => `\n  ${line}`).join('')
    return new ReleaserError(
      'BUILD',
      `the command of builder "${name}" ended with exit code ${code} on ${host}${last && `:${last}`}`,
      {
        hint: `nothing was stored; what it made lies in ${place} on ${host} until the next build there`,
      },
    )
  }
  if (ended.result === 'refused')
    return new ReleaserError('USAGE', `${host} cannot build there: ${ended.why}`, {
      hint: `give builders.${name}.path a folder of its own: one that is empty, or does not exist yet`,
    })
  return new ReleaserError('BUILD', `${host} could not build: ${ended.why}`, {
    hint: writeHint(ended.why) ?? `nothing was stored; look at ${builder.path} on ${host}`,
  })
}
