import { copyFile, mkdir, readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { ReleaserError } from '../../model/errors.ts'
import { isTarball, unpackTarball } from '../import.ts'
import { releaseRoot, strippedRoot } from '../release-root.ts'
import type { Made } from './made.ts'

export interface ArtifactOptions {
  /** The builder's name. */
  readonly name: string
  readonly app: string
  /** Leading folders to take away; where left out, those above a release that is found. */
  readonly strip: number | undefined
  readonly absoluteLinks: readonly string[]
  readonly scratch: string
}

/** What was made, as a folder to pack: a tarball is unpacked, a single file gets a folder of its own. Fails with BUILD. */
export async function artifactFolder({ path, written, hint }: Made, options: ArtifactOptions): Promise<string> {
  const { name, app, strip, absoluteLinks, scratch } = options
  const found = await stat(path).catch(() => undefined)
  const odd = !found
    ? 'does not exist'
    : found.isDirectory()
      ? (await readdir(path)).length === 0 && 'is empty'
      : found.isFile()
        ? found.size === 0 && 'is empty'
        : 'is neither a folder nor a file'
  if (odd || !found) throw new ReleaserError('BUILD', `builder "${name}" ended well, but its output ${written} ${odd}`, { hint })
  try {
    if (found.isDirectory()) return await rootOf(path, app, strip)
    const into = join(scratch, 'artifact')
    if (await isTarball(path)) {
      await unpackTarball({ file: path, into, absoluteLinks, ...(strip !== undefined && { strip }) })
      return strip === undefined ? await releaseRoot(into, app) : into
    }
    await mkdir(into)
    await copyFile(path, join(into, basename(path)))
    return into
  } catch (error) {
    // In a build it is the build that is wrong, not what somebody typed.
    if (error instanceof ReleaserError && error.code === 'USAGE')
      throw new ReleaserError('BUILD', `the output ${written} of builder "${name}": ${error.message}`, {
        cause: error,
        ...(error.hint !== undefined && { hint: error.hint }),
      })
    throw error
  }
}

function rootOf(dir: string, app: string, strip: number | undefined): Promise<string> {
  return strip === undefined ? releaseRoot(dir, app) : strippedRoot(dir, strip)
}
