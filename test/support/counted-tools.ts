import { chmodSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A host's tools and commands, each of which writes down that it was started. */
export interface CountedTools {
  /** What its sshd has to be told. */
  readonly sshdConfig: readonly string[]
  /** What was started since the last time this was asked: how many commands over SSH, and which tools they started. */
  started(): { readonly commands: number; readonly tools: readonly string[] }
}

const TOOLS =
  'awk cat chmod chown cmp cp cut date dd df du find grep gzip head id ln ls mkdir mkfifo mktemp mv ps readlink rm rmdir sed setsid sh sha256sum sleep sort sync tail tar touch tr uname wc xargs zstd'.split(
    ' ',
  )

const COMMAND = 'ssh-command'

/** Makes them in `dir`, to which everybody may come. A tool that this machine lacks is not there either. */
export function countedTools(dir: string): CountedTools {
  const bin = join(dir, 'counted')
  const log = join(dir, 'started')
  mkdirSync(bin, { recursive: true, mode: 0o755 })
  writeFileSync(log, '')
  chmodSync(log, 0o666)
  for (const tool of TOOLS) {
    const real = ['/usr/local/bin', '/usr/bin', '/bin'].map((place) => join(place, tool))
    const script = `#!/bin/sh\nfor real in ${real.join(' ')}; do if [ -x "$real" ]; then echo ${tool} >>'${log}'; exec "$real" "$@"; fi; done\nexit 127\n`
    writeFileSync(join(bin, tool), script, { mode: 0o755 })
    chmodSync(join(bin, tool), 0o755)
  }
  return {
    sshdConfig: [
      `SetEnv PATH=${bin}:/usr/local/bin:/usr/bin:/bin`,
      `ForceCommand echo ${COMMAND} >>'${log}'; exec /bin/sh -c "$SSH_ORIGINAL_COMMAND"`,
    ],
    started: () => {
      const names = readFileSync(log, 'utf8').split('\n').filter(Boolean)
      truncateSync(log)
      const tools = names.filter((name) => name !== COMMAND)
      return { commands: names.length - tools.length, tools }
    },
  }
}
