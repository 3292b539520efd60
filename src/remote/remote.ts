import type { Readable, Writable } from 'node:stream'

/** A command for a remote shell, as words. Quoted once, in shell.ts. */
export interface Command {
  readonly argv: readonly string[]
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
  /** Lets go of the command at once, wherever it is. */
  destroy(): void
}

/** An open line to one host. */
export interface Remote {
  /** Starts a command. Rejects with CONNECTION where no channel can be had any more. */
  exec(command: Command): Promise<Channel>
  /** Bytes that went out over the wire so far, encryption and all. */
  sentBytes(): number
  /** Settles when the line is gone, for whatever reason. */
  readonly closed: Promise<void>
  close(): Promise<void>
}

/** Opens a line: once for the work, and once more, freshly, to confirm it. */
export type Connect = () => Promise<Remote>
