import { readFile, rename } from 'node:fs/promises'
import type { Adapter } from 'lowdb'
import { ReleaserError } from '../model/errors.ts'
import { privateFolder, writeDurably } from './durable.ts'
import { type Database, parseDatabase } from './store-data.ts'
import { storePaths } from './store-paths.ts'
import { recoverDatabase } from './store-recovery.ts'
import { temporaryPath } from './temporary.ts'

/** lowdb's adapter for a store: it never starts empty over what is there, and what it has written is on disk. */
export interface StoreFile extends Adapter<Database> {
  /** Whether the last read had to recover: the next write puts things in order. */
  readonly recovered: () => boolean
}

export function storeFile(dir: string, warn: (message: string) => void): StoreFile {
  const paths = storePaths(dir)
  let found: Found = 'good'
  let recovered = false
  return {
    recovered: () => recovered,
    async read() {
      const text = await readText(paths.database)
      const data = text === undefined ? undefined : parseDatabase(text)
      found = data ? 'good' : text === undefined ? 'missing' : 'damaged'
      if (data) {
        recovered = false
        return data
      }
      const { data: rescued, warnings } = await recoverDatabase(dir, found === 'damaged')
      recovered = warnings.length > 0
      warnings.forEach(warn)
      return rescued
    },
    async write(data) {
      await privateFolder(dir)
      if (found === 'damaged') {
        const aside = `${paths.database}.corrupt-${new Date().toISOString().replace(/[-:]|\.\d+/g, '')}`
        await rename(paths.database, aside)
        warn(`the damaged database was kept as ${aside}`)
      }
      found = 'good'
      recovered = false
      const text = `${JSON.stringify(data, null, 2)}\n`
      await writeDurably(paths.database, text, await temporaryPath(dir, '.json'))
      // The change is made by now: a copy that fails must not look like a change that failed.
      await writeDurably(paths.backup, text, await temporaryPath(dir, '.json')).catch((error: Error) => {
        warn(`the copy of the store's database could not be written: ${error.message}`)
      })
    },
  }
}

type Found = 'good' | 'missing' | 'damaged'

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw new ReleaserError('CONFIG', `cannot read the store: ${told(error)}`, { cause: error, hint: `see who may read ${path}` })
  }
}

function told(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
