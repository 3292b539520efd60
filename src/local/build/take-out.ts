import { spawn } from 'node:child_process'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { whenAborted } from '../../model/when-aborted.ts'
import { unpack } from '../import.ts'
import { endGroup } from '../process.ts'
import { DIALECTS } from './engine.ts'
import type { Engine } from './engine-find.ts'

/** What was taken out of a container: where it lies now, or why it could not be had. */
export type TakenOut = { readonly path: string } | { readonly problem: string }

const KEPT = 4096

/** Copies a folder or file of a container into `dir`, which does not exist yet; what is a link in the path is followed. */
export async function takeOut(
  engine: Engine,
  from: { readonly container: string; readonly path: string },
  dir: string,
  signal: AbortSignal | undefined,
): Promise<TakenOut> {
  await mkdir(dir)
  const [file, ...args] = DIALECTS[engine.kind].takeOut(from.container, from.path)
  const child = spawn(file, args, { cwd: engine.cwd, env: { ...engine.env }, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-KEPT)
  })
  const stop = (): void => endGroup(child.pid, 'SIGTERM')
  const letGo = whenAborted(signal, stop)
  const ended = new Promise<number | null>((resolve) => {
    child.on('close', resolve)
    child.on('error', () => resolve(null))
  })
  const unpacked = await unpack(child.stdout, dir, 0).then(
    () => undefined,
    (error: Error) => {
      stop()
      return error.message
    },
  )
  const code = await ended
  letGo()
  if (code !== 0 || unpacked !== undefined) return { problem: said.trim().split('\n').at(-1) || (unpacked ?? 'it was cut off') }
  const [name] = await readdir(dir)
  if (name === undefined) return { problem: 'nothing came out of the image' }
  return { path: join(dir, name) }
}
