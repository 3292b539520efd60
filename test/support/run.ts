import { text } from 'node:stream/consumers'
import type { Remote } from '../../src/remote/remote.ts'

export interface Ran {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command to its end, with some text on its stdin. */
export async function run(remote: Remote, argv: readonly string[], input = ''): Promise<Ran> {
  const channel = await remote.exec({ argv })
  channel.stdin.end(input)
  const [stdout, stderr, exit] = await Promise.all([text(channel.stdout), text(channel.stderr), channel.exit])
  return { ...exit, stdout, stderr }
}

/** The same for a shell line. */
export function sh(remote: Remote, line: string, input = ''): Promise<Ran> {
  return run(remote, ['sh', '-c', line], input)
}
