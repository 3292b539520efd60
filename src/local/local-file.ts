import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** A file on this machine: `~/` is the home directory, what is relative lies in `dir`, the folder of the configuration. */
export function localFile(dir: string, path: string): string {
  return path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : resolve(dir, path)
}

/** The text of a file, or why there is none, in words that follow the setting that names it. */
export async function readLocal(
  file: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly text: string } | { readonly says: string }> {
  try {
    const text = decode(await readFile(file, { signal }))
    return text === undefined ? { says: `names ${file}, which is not UTF-8` } : { text }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    return { says: code === 'ENOENT' ? `names ${file}, which is not there` : `names ${file}, which cannot be read (${code})` }
  }
}

/** Bytes as the text that they are, a byte order mark included; undefined where they are not UTF-8. */
export function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}
