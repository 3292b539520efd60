import { once } from 'node:events'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'

/** Something that listens on a port of this machine, as apps do and as they should not. */
export interface App {
  readonly port: number
  /** Connections that it has now. */
  open(): number
  close(): Promise<void>
}

/** An HTTP server whose paths behave in all the ways that a health check may meet. */
export function httpApp(address = '127.0.0.1'): Promise<App> {
  return listen(
    createHttpServer((request, response) => (PATHS[(request.url ?? '').replace(/\?.*/, '')] ?? missing)(request, response)),
    address,
  )
}

/** A TCP server that does with each connection what it is told to. */
export function tcpApp(meet: (socket: Socket) => void, address = '127.0.0.1', port = 0): Promise<App> {
  return listen(
    createServer((socket) => meet(socket.on('error', () => {}))),
    address,
    port,
  )
}

/** A port on which nobody listens. */
export async function freePort(): Promise<number> {
  const app = await tcpApp(() => {})
  await app.close()
  return app.port
}

const missing: RequestListener = (_, response) => response.writeHead(404).end('no such page\n')

const PATHS: Readonly<Record<string, RequestListener>> = {
  '/ok': (_, response) => response.end('all is well\n'),
  '/empty': (_, response) => response.writeHead(204).end(),
  '/headers': ({ headers }, response) => response.end(`${headers.host} ${headers['user-agent']}`),
  '/query': ({ url }, response) => response.end(url),
  '/500': (_, response) => response.writeHead(500).end('\n\n  the database is gone\nand more\n'),
  '/away': (_, response) => response.writeHead(302, { location: 'http://192.0.2.1/' }).end('moved'),
  '/hangs': () => {},
  '/hangs-in-body': (_, response) => response.writeHead(200).write('first line\n'),
  '/closes': ({ socket }) => socket.destroy(),
  '/breaks-off': (_, response) => response.writeHead(200, { 'content-length': 100 }).write('half', () => response.destroy()),
  '/huge': (_, response) => {
    const more = (): unknown => response.write('x'.repeat(1 << 16)) && setImmediate(more)
    response.on('drain', more)
    more()
  },
  '/trickles': (_, response) => {
    const timer = setInterval(() => response.write('.'), 20)
    response.on('close', () => clearInterval(timer))
  },
}

async function listen(server: Server, host: string, port = 0): Promise<App> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.listen({ port, host, ipv6Only: true })
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    open: () => sockets.size,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
