import { readdirSync, readFileSync } from 'node:fs'

// Read at once, without promises: the kernel has these at hand, and the sweep asks for all of them several times a point.

/** The words of every process that is there, each with a NUL after it. */
export function allProcesses(): readonly { readonly pid: number; readonly words: string }[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.map((pid) => ({ pid: Number(pid), words: ofProcess(Number(pid), 'cmdline') }))
}

/** What `/proc/PID/FILE` says; nothing where there is no such process. */
export function ofProcess(pid: number, file: 'cmdline' | 'stat'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}
