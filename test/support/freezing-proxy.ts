import { once } from 'node:events'
import { connect as connectSocket, createServer, type Server, type Socket } from 'node:net'

/** Stands between, until it is frozen: then it carries nothing, and says nothing. */
export async function startProxy(to: number): Promise<{ port: number; freeze(): void; close(): void }> {
  const sockets: Socket[] = []
  const server: Server = createServer((near) => {
    const far = connectSocket(to, '127.0.0.1')
    sockets.push(near, far)
    for (const socket of [near, far]) socket.on('error', () => {})
    near.pipe(far).pipe(near)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    freeze: () => {
      for (const socket of sockets) socket.unpipe().pause()
    },
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
