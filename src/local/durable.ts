import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Makes a folder, and those above it, that only their owner may enter. Existing ones stay as they are. */
export async function privateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 })
}

/** Puts `text` at `path` in one step, through `temporary` on the same file system; on disk when it returns. Mode 0600, or the one given. */
export async function writeDurably(path: string, text: string, temporary: string, mode?: number): Promise<void> {
  try {
    const file = await open(temporary, 'wx', 0o600)
    try {
      if (mode !== undefined) await file.chmod(mode)
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await moveDurably(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/** Renames a file that is on disk already; the new name is on disk when it returns. */
export async function moveDurably(from: string, to: string): Promise<void> {
  await rename(from, to)
  await syncFolder(dirname(to))
}

/** Brings names that were made or removed in a folder to disk. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
