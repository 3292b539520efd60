import { existsSync, readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** This machine as far as process ids go: its name, this boot of it, and the container we are in. Holds no `~`. */
export const MACHINE = [hostname(), read('/proc/sys/kernel/random/boot_id').slice(0, 8), namespace()]
  .join('+')
  .replaceAll('~', '-')

/**
 * When a process of this machine started, in a word, since its id alone can be somebody else's by now; undefined where it is
 * gone. Where there is no /proc, all that live were born at `0`.
 */
export function birthOf(pid: number): string | undefined {
  const state = read(`/proc/${pid}/stat`)
  if (state !== '') {
    const fields = state.slice(state.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? undefined : fields[19]
  }
  if (existsSync('/proc/self/stat')) return undefined
  try {
    process.kill(pid, 0)
    return '0'
  } catch {
    return undefined
  }
}

function namespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid').replace(/\D/g, '')
  } catch {
    return ''
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
