import type { Duplex, Readable, Writable } from 'node:stream'
import type { Login } from '../model/login.ts'
import type { Keyring } from './keyring.ts'

/** A command for a remote shell, as words. Quoted once, in shell.ts. */
export interface Command {
  readonly argv: readonly string[]
  /** Gives it a terminal of this kind and size, in which stdout and stderr are one. */
  readonly pty?: Window & { readonly term: string }
}

/** How much a terminal shows, in characters. */
export interface Window {
  readonly columns: number
  readonly rows: number
}

/** How a remote command ended. `code` null: the line was lost before we knew. */
export interface Exit {
  readonly code: number | null
  readonly signal: string | null
}

/** A running remote command. Its streams are bytes; `exit` never rejects. */
export interface Channel {
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  readonly exit: Promise<Exit>
  /** Tells the command's terminal its new size; nothing where it has none. */
  resize(window: Window): void
  /** Lets go of the command at once, wherever it is. */
  destroy(): void
}

/**
 * A stream to a port of the host itself, or why there is none. `nobody`: no process takes connections there; `says` is what the host
 * said of it. `forbidden`: its sshd lets nothing through, or not to this port.
 */
export type Forward = { readonly stream: Duplex } | { readonly refused: 'nobody' | 'forbidden'; readonly says: string }

/** An open line to one host. */
export interface Remote {
  /** Starts a command. Rejects with CONNECTION where no channel can be had any more, or no terminal. */
  exec(command: Command): Promise<Channel>
  /** Connects to a port of the host's loopback, as seen from there: 127.0.0.1, else ::1. Rejects with CONNECTION where the line is lost. */
  forward(port: number): Promise<Forward>
  /** Bytes that went out over the wire so far, encryption and all. */
  sentBytes(): number
  /** Settles when the line is gone, for whatever reason. */
  readonly closed: Promise<void>
  close(): Promise<void>
  /** How it was made; undefined where nobody logs in. */
  readonly login?: Login
}

/** Opens a line: once for the work, and once more, freshly, to confirm it, with the same keys where none are named. */
export type Connect = (keys?: Keyring) => Promise<Remote>
