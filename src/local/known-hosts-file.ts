import { appendFile, mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ReleaserError } from '../model/errors.ts'

/** Adds a line to a file of known hosts, in one write; makes the file, only for us, where there is none. Fails with HOST_KEY. */
export async function addKnownHost(file: string, line: string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    const before = await readFile(file, 'utf8').catch(() => '')
    const start = before === '' || before.endsWith('\n') ? '' : '\n'
    await appendFile(file, `${start}${line}\n`, { mode: 0o600 })
  } catch (error) {
    throw new ReleaserError('HOST_KEY', `cannot write to ${file} (${(error as NodeJS.ErrnoException).code})`, {
      hint: 'make it writable, or name another one with knownHosts',
      cause: error,
    })
  }
}
