import { readdir, readFile, readlink } from 'node:fs/promises'

/** Kills every process that works in a folder or was called with its path, at once, as a power cut would. */
export async function killAllIn(folder: string): Promise<void> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
  const mine = await Promise.all(
    pids.map(async (pid) => {
      const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => '')
      const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')
      return cwd === folder || cwd.startsWith(`${folder}/`) || words.includes(folder) ? [Number(pid)] : []
    }),
  )
  // Whoever would miss another one must not come to it.
  for (const signal of ['SIGSTOP', 'SIGKILL'] as const) for (const pid of mine.flat()) kill(pid, signal)
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended by itself.
  }
}
