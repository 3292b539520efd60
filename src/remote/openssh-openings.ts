/** Hears from what ssh says (`-vv`) how the other side answers to streams that come in at its sockets. */
export interface Openings {
  hear(text: string): void
  /** The answer to the next stream to this address that nobody waits for yet: null where it is open, else why not. */
  next(address: string, port: number): Promise<string | null>
}

type Tell = (why: string | null) => void

/** One line tells the address, the next that is about a channel its number, and a later one how that went. */
export function openings(): Openings {
  const waiting: { readonly place: string; readonly tell: Tell }[] = []
  const numbered = new Map<string, Tell>()
  let called: Tell | undefined
  let rest = ''
  const read = (line: string): void => {
    const place = /forwarding to (\S+ port \d+) requested/.exec(line)?.[1]
    const index = waiting.findIndex((one) => one.place === place)
    if (index >= 0) called = waiting.splice(index, 1)[0]?.tell
    const made = /channel (\d+): new direct-tcpip/.exec(line)?.[1]
    if (made !== undefined && called) numbered.set(made, called)
    if (made !== undefined) called = undefined
    const [, number = '', why] = /channel (\d+): open (?:confirm|failed: (.*))/.exec(line) ?? []
    numbered.get(number)?.(why?.trim() ?? null)
    numbered.delete(number)
  }
  return {
    hear: (text) => {
      const lines = (rest + text).split(/\r?\n/)
      rest = lines.pop() ?? ''
      for (const line of lines) read(line)
    },
    next: (address, port) => new Promise((tell) => waiting.push({ place: `${address} port ${port}`, tell })),
  }
}
