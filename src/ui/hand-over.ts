import type { Readable, Writable } from 'node:stream'
import { modesLeft } from './modes-left.ts'

/** A person's terminal. */
export interface Terminal {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
}

/** What a terminal is handed to. */
export interface Guest {
  readonly stdin: Writable
  readonly stdout: Readable
  resize(window: { readonly columns: number; readonly rows: number }): void
}

/** How much the terminal shows; one that does not know is taken for the usual one. */
export function windowOf({ stdout }: Terminal): { readonly columns: number; readonly rows: number } {
  return { columns: stdout.columns || 80, rows: stdout.rows || 24 }
}

/**
 * Gives the whole terminal to a program elsewhere: each key goes there, Ctrl-C and its like too, and what it prints comes here as it
 * is. `back` takes it again and leaves it as it was found; `torn`: the program could not put it in order itself.
 */
export function handOver(terminal: Terminal, guest: Guest): { back(how: { readonly torn: boolean }): void } {
  const { stdin, stdout } = terminal
  const modes = modesLeft()
  const type = (keys: Buffer): void => {
    if (!guest.stdin.write(keys)) stdin.pause()
  }
  const goOn = (): void => void stdin.resume()
  const hangUp = (): void => void guest.stdin.end()
  const show = (chunk: Buffer): void => {
    modes.read(chunk)
    if (!stdout.write(chunk)) guest.stdout.pause()
  }
  const flow = (): void => void guest.stdout.resume()
  const resize = (): void => guest.resize(windowOf(terminal))
  // The terminal itself may be gone.
  const rawMode = (on: boolean): void => {
    try {
      stdin.setRawMode(on)
    } catch {}
  }
  rawMode(true)
  stdin.on('data', type).once('end', hangUp).resume()
  guest.stdin.on('drain', goOn)
  guest.stdout.on('data', show)
  stdout.on('drain', flow).on('resize', resize)
  // It may have changed while the program was started.
  resize()
  return {
    back({ torn }) {
      stdin.off('data', type).off('end', hangUp).pause()
      guest.stdin.off('drain', goOn)
      guest.stdout.off('data', show)
      stdout.off('drain', flow).off('resize', resize)
      rawMode(false)
      if (torn) stdout.write(`${modes.undo()}\r\n`)
    },
  }
}
