import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connector } from '../../src/remote/connect.ts'
import { generateKeyPair, startEmbedded } from '../../src/remote/embedded.ts'
import { processRemote } from '../../src/remote/process.ts'
import type { Remote } from '../../src/remote/remote.ts'
import { startHosts } from './hosts.ts'

/** A line to this machine, and how it is lost without being closed from here. */
export interface Way {
  readonly remote: Remote
  lose(): Promise<void>
  /** Ends the line and what stands at its other end. */
  end(): Promise<void>
}

/** Every kind of line that there is. */
export const WAYS: Readonly<Record<'sshd' | 'openssh' | 'embedded' | 'process', () => Promise<Way>>> = {
  sshd: () => overSshd(),
  openssh: () => overSshd({ transport: 'openssh' }),
  embedded: async () => {
    const dir = mkdtempSync(join(tmpdir(), 'releaser-way-'))
    const mine = await generateKeyPair('me')
    const server = await startEmbedded({
      home: dir,
      authorizedKey: mine.publicKey,
      hostKey: (await generateKeyPair('host')).privateKey,
    })
    const identity = join(dir, 'key')
    const knownHosts = join(dir, 'known_hosts')
    writeFileSync(identity, mine.privateKey, { mode: 0o600 })
    writeFileSync(knownHosts, `[127.0.0.1]:${server.port} ${server.hostPublicKey}\n`)
    const host = { name: 'demo', host: '127.0.0.1', user: 'demo', port: server.port, path: '.', env: {}, tags: [], identity }
    const remote = await connector(host, { knownHosts, agent: false }, { configFile: '/dev/null' })()
    return {
      remote,
      lose: () => server.close(),
      end: async () => {
        await remote.close()
        await server.close()
        rmSync(dir, { recursive: true })
      },
    }
  },
  process: async () => {
    const remote = processRemote()
    return { remote, lose: () => remote.close(), end: () => remote.close() }
  },
}

/** A line over a real sshd, by the library or the system's own ssh, with lines of its own in sshd_config. */
export async function overSshd({ transport, sshdConfig = [] }: OverSshd = {}): Promise<Way> {
  const tests = await startHosts(1, { sshdConfig })
  const [host] = tests.hosts
  const settings = { identity: tests.identity, knownHosts: tests.knownHosts, agent: false, ...(transport && { transport }) }
  const remote = await connector(host.host('shop'), settings)()
  return {
    remote,
    lose: () => host.cut(),
    end: async () => {
      await remote.close()
      await tests.stop()
    },
  }
}

interface OverSshd {
  readonly transport?: 'ssh2' | 'openssh'
  readonly sshdConfig?: readonly string[]
}
