import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ReleaserError } from '../model/errors.ts'
import { isName } from '../model/name.ts'

/** The version that an OTP release in this folder would start as; null where it is none. */
export async function startedVersion(dir: string): Promise<string | null> {
  const text = await readFile(join(dir, 'releases/start_erl.data'), 'utf8').catch(() => '')
  const version = text.trim().split(/\s+/)[1]
  return version !== undefined && isName(version) ? version : null
}

/** The version that the first of some folders with a usable one names: what starts there, else `package.json`, else `mix.exs`. */
export async function builtVersion(dirs: readonly string[]): Promise<string | null> {
  for (const dir of dirs) {
    const version = (await startedVersion(dir)) ?? (await packageVersion(dir)) ?? (await mixVersion(dir))
    if (version !== null) return version
  }
  return null
}

/** What starts says which version it is: a record that says another would be a lie, and no deploy of it could be proven. */
export function checkStarted(started: string | null, version: string): void {
  if (started === null || started === version) return
  throw new ReleaserError('BUILD', `the release starts as version ${started}, and ${version} was asked for`, {
    hint: `build it as ${version} (RELEASER_VERSION is in the build's environment), or leave the version out`,
  })
}

async function packageVersion(dir: string): Promise<string | null> {
  try {
    const parsed: unknown = JSON.parse(await readFile(join(dir, 'package.json'), 'utf8'))
    const version = typeof parsed === 'object' && parsed !== null && 'version' in parsed ? parsed.version : undefined
    return typeof version === 'string' && isName(version) ? version : null
  } catch {
    return null
  }
}

/** Where it is written out; one that is computed is known when the release is built. */
async function mixVersion(dir: string): Promise<string | null> {
  const text = await readFile(join(dir, 'mix.exs'), 'utf8').catch(() => '')
  const version = /^\s*(?:version:\s*|@version\s+)"([^"#]+)"/m.exec(text)?.[1]
  return version !== undefined && isName(version) ? version : null
}
