import { type Ended, runProcess } from '../process.ts'
import type { BuildShell } from './command.ts'

/** What a command prints as the version: its last line on stdout that is not empty, or how it ended without one. */
export async function commandVersion(
  command: string,
  shell: BuildShell,
): Promise<{ readonly version: string } | { readonly ended: Ended }> {
  const lines: string[] = []
  const ended = await runProcess({
    argv: ['sh', '-c', command, 'version'],
    cwd: shell.dir,
    env: { ...process.env, ...shell.env },
    signal: shell.signal,
    seconds: 600,
    onLine: (line, stream) => {
      if (stream === 'stdout' && line.trim() !== '') lines.push(line.trim())
    },
  })
  const version = lines.at(-1)
  return ended.code === 0 && version !== undefined ? { version } : { ended }
}
