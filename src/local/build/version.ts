import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isName } from '../../model/name.ts'
import { type Ended, runProcess } from '../process.ts'
import type { BuildShell } from './command.ts'

/** The version in the `package.json` of the first folder that has a usable one; null where none has. */
export async function packageVersion(dirs: readonly string[]): Promise<string | null> {
  for (const dir of dirs) {
    const version = versionIn(await readFile(join(dir, 'package.json'), 'utf8').catch(() => ''))
    if (version !== undefined) return version
  }
  return null
}

/** The version that an OTP release in a folder boots; null where it is none. */
export async function otpVersion(dir: string): Promise<string | null> {
  const text = await readFile(join(dir, 'releases/start_erl.data'), 'utf8').catch(() => '')
  const version = /^\S+ (\S+)\s*$/.exec(text)?.[1]
  return version !== undefined && isName(version) ? version : null
}

/** What a command prints as the version: its last line on stdout that is not empty, or how it ended without one. */
export async function commandVersion(
  command: string,
  shell: BuildShell,
): Promise<{ readonly version: string } | { readonly ended: Ended }> {
  const lines: string[] = []
  const ended = await runProcess({
    argv: ['sh', '-c', command, 'version'],
    cwd: shell.dir,
    env: { ...process.env, ...shell.env },
    signal: shell.signal,
    seconds: 600,
    onLine: (line, stream) => {
      if (stream === 'stdout' && line.trim() !== '') lines.push(line.trim())
    },
  })
  const version = lines.at(-1)
  return ended.code === 0 && version !== undefined ? { version } : { ended }
}

function versionIn(text: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(text)
    const version = typeof parsed === 'object' && parsed !== null && 'version' in parsed ? parsed.version : undefined
    return typeof version === 'string' && isName(version) ? version : undefined
  } catch {
    return undefined
  }
}
