import type { Connect, Remote } from '../../src/remote/remote.ts'

/** What went over all lines to one host. */
export interface Counted {
  readonly connect: Connect
  execs(): number
  /** Bytes on the wire, all lines together. */
  sentBytes(): number
  reset(): void
}

/** Lines to one host whose commands and bytes are counted. */
export function counting(connect: Connect): Counted {
  let execs = 0
  let lines: Remote[] = []
  return {
    connect: async () => {
      const remote = await connect()
      lines.push(remote)
      return {
        ...remote,
        exec: (command) => {
          execs++
          return remote.exec(command)
        },
      }
    },
    execs: () => execs,
    sentBytes: () => lines.reduce((sum, line) => sum + line.sentBytes(), 0),
    reset: () => {
      execs = 0
      lines = []
    },
  }
}
