import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ReleaserError } from '../model/errors.ts'

/**
 * The folder of the release in what was unpacked or built: the folder itself, but for OTP releases that lie one below. A single
 * one there is meant; of several, the one that is named as the app. Fails with USAGE where none is.
 */
export async function releaseRoot(dir: string, app: string): Promise<string> {
  if (await isRelease(dir)) return dir
  const names = await readdir(dir)
  const releases = await Promise.all(names.map(async (name) => ((await isRelease(join(dir, name))) ? [name] : [])))
  const [first, ...others] = releases.flat().sort()
  if (first === undefined) return dir
  if (others.length === 0) return names.length === 1 ? join(dir, first) : dir
  if ([first, ...others].includes(app)) return join(dir, app)
  throw new ReleaserError('USAGE', `there are several releases, and none is called ${app}: ${[first, ...others].join(', ')}`, {
    hint: 'say which: app=…, or name its folder',
  })
}

/** The folder so many levels below, each of which holds nothing but the next. Fails with USAGE where that is not so. */
export async function strippedRoot(dir: string, strip: number): Promise<string> {
  if (strip === 0) return dir
  const [only, ...others] = await readdir(dir, { withFileTypes: true })
  if (only?.isDirectory() && others.length === 0) return strippedRoot(join(dir, only.name), strip - 1)
  throw new ReleaserError('USAGE', `strip takes more folders away than stand alone: ${others.length + 1} entries are in one`, {
    hint: 'leave strip out, or let it be as many folders as lie in one another',
  })
}

async function isRelease(dir: string): Promise<boolean> {
  const found = await lstat(join(dir, 'releases/start_erl.data')).catch(() => undefined)
  return found?.isFile() === true
}
