import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { encodePlatform, platformOf } from '../model/platform.ts'
import type { Tree } from './tree.ts'

/** So many executable files are looked into, and so much of each: what tells lies at the beginning. */
const LOOKED_INTO = 256
const HEAD = 4096
/** Often executable, and run by nobody: that they name no loader says nothing. */
const LIBRARY = /\.(?:so|node)(?:\.[\d.]+)?$/

/** What the programs in a tree were built for, each once, as words. Scripts and the like do not tell. */
export async function platformsOf(dir: string, { entries }: Tree): Promise<readonly string[]> {
  const programs = entries.filter(
    ({ type, path, ...entry }) => type === 'file' && 'mode' in entry && entry.mode & 0o100 && !LIBRARY.test(path),
  )
  const found = new Set<string>()
  for (const { path } of programs.slice(0, LOOKED_INTO)) {
    const platform = platformOf(await headOf(join(dir, path)))
    if (platform) found.add(encodePlatform(platform))
  }
  return [...found].sort()
}

async function headOf(file: string): Promise<Buffer> {
  const handle = await open(file)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD), 0, HEAD, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}
