import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A line to a port of this machine that can fail as real ones do: it stands between a client and its server and carries bytes. */
export interface Line {
  readonly port: number
  /** Carries nothing any more in either direction and says nothing of it: no FIN, no RST. New connections are taken and as dead. */
  freeze(): void
  thaw(): void
  /** Resets all connections at once. */
  cut(): void
  /** Every piece arrives so much later. */
  delay(milliseconds: number): void
  close(): Promise<void>
}

export async function startLine(to: number): Promise<Line> {
  const pairs = new Set<readonly [Socket, Socket]>()
  let frozen = false
  let late = 0
  // Half-open, so that an end passes only when we pass it.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const far = connect({ port: to, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    const pair = [near, far] as const
    pairs.add(pair)
    for (const [from, other] of [pair, [far, near]] as const) {
      carry(from, other)
      from.on('error', () => {})
      from.once('close', () => {
        other.destroy()
        pairs.delete(pair)
      })
    }
  })

  function carry(from: Socket, into: Socket): void {
    const later = (pass: () => void): void => void (late === 0 ? pass() : setTimeout(pass, late))
    from.on('data', (chunk: Buffer) => {
      later(() => {
        if (!into.write(chunk)) from.pause()
      })
    })
    from.on('end', () => later(() => into.end()))
    into.on('drain', () => {
      if (!frozen) from.resume()
    })
    if (frozen) from.pause()
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const all = (): Socket[] => [...pairs].flat()
  return {
    port: address.port,
    freeze: () => {
      frozen = true
      for (const socket of all()) socket.pause()
    },
    thaw: () => {
      frozen = false
      for (const socket of all()) socket.resume()
    },
    cut: () => {
      for (const socket of all()) socket.resetAndDestroy()
    },
    delay: (milliseconds) => {
      late = milliseconds
    },
    close: async () => {
      for (const socket of all()) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
