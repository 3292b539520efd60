import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

/** Dropbear, another server of SSH, for the users of this machine. Needs root. */
export interface Dropbear {
  readonly port: number
  /** Its public key, `ssh-ed25519 AAAA…`. */
  readonly hostKey: string
  stop(): Promise<void>
}

/** Starts it on 127.0.0.1, with a host key of this type; its files lie in `dir`, called by `name`. */
export async function startDropbear(dir: string, name: string, type: 'ed25519' | 'ecdsa' | 'rsa'): Promise<Dropbear> {
  const file = join(dir, `${name}_key`)
  const said = execFileSync('dropbearkey', ['-t', type, '-f', file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  const hostKey = /^(ssh-|ecdsa-)\S+ \S+/m.exec(said)?.[0]
  if (hostKey === undefined) throw new Error(`dropbearkey made no key: ${said}`)
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    const words = ['-F', '-E', '-m', '-s', '-r', file, '-p', `127.0.0.1:${port}`, '-P', join(dir, `${name}.pid`)]
    const server = spawn('/usr/sbin/dropbear', words, { stdio: 'ignore' })
    if (await listens(server, port)) return { port, hostKey, stop: () => end(server) }
    if (attempt === 5) throw new Error('dropbear does not start')
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** False where it has ended: somebody had the port first. */
async function listens(server: ChildProcess, port: number): Promise<boolean> {
  while (server.exitCode === null) {
    const socket = connect(port, '127.0.0.1')
    const up = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (up) return true
    await pause(20)
  }
  return false
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  server.kill('SIGKILL')
  await once(server, 'exit')
}
