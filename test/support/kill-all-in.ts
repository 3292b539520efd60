import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/**
 * Kills every process that works in a folder or was called with its path, at once, as a power cut would. Each is looked at right before:
 * numbers come round within half a minute on a busy machine, and one that was read a while ago may be somebody else's.
 */
export async function killAllIn(folder: string): Promise<void> {
  const pids = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) && Number(name) !== process.pid ? [Number(name)] : []))
  // Whoever would miss another one must not come to it; who is stopped keeps its number.
  const stopped = pids.filter((pid) => isIn(folder, pid) && signal(pid, 'SIGSTOP'))
  for (const pid of stopped) signal(pid, 'SIGKILL')
}

function isIn(folder: string, pid: number): boolean {
  const cwd = tried(() => readlinkSync(`/proc/${pid}/cwd`))
  const words = tried(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8')).split('\0')
  return cwd === folder || cwd.startsWith(`${folder}/`) || words.includes(folder)
}

function tried(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}

function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name)
  } catch {
    return false // it ended by itself
  }
}
