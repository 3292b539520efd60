import { constants } from 'node:fs'
import { access, open, realpath, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { ReleaserError } from '../model/errors.ts'
import { writeDurably } from './durable.ts'

/** A file that may be made, or written over. */
export interface PageFile {
  readonly path: string
  readonly mode: number
}

/**
 * Where a page goes: to a new file, or over an empty one or one that begins as our pages do; links are followed. Fails with USAGE for
 * anything else, so that nobody loses what is not ours, and does so before the work and not after it.
 */
export async function pageFile(file: string, beginning: string): Promise<PageFile> {
  const path = await realpath(resolve(file)).catch(() => resolve(file))
  const there = await stat(path).catch(() => undefined)
  if (there && !there.isFile()) throw refused(`html=${file} is no file`)
  if (there && there.size > 0 && !(await begins(path, beginning).catch(() => false)))
    throw refused(`${path} is not a page that report made`)
  await access(dirname(path), constants.W_OK).catch((error: Error) => {
    throw refused(`the page cannot be written: ${error.message}`)
  })
  // What others may do with a new file is the umask's business; what is there keeps its mode.
  return { path, mode: there ? there.mode & 0o777 : 0o666 & ~process.umask() }
}

/** Puts the page there in one step: who reads it meanwhile sees the old one or the new one, whole. Fails with USAGE. */
export async function writePage({ path, mode }: PageFile, text: string): Promise<void> {
  await writeDurably(path, text, `${path}.${process.pid}.tmp`, mode).catch((error: Error) => {
    throw refused(`the page could not be written: ${error.message}`)
  })
}

async function begins(path: string, beginning: string): Promise<boolean> {
  const wanted = Buffer.from(beginning)
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(wanted.length), 0, wanted.length, 0)
    return bytesRead === wanted.length && buffer.equals(wanted)
  } finally {
    await file.close()
  }
}

function refused(message: string): ReleaserError {
  return new ReleaserError('USAGE', message, { hint: 'name another file: html=FILE' })
}
