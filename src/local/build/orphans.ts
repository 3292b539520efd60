import { readdir, readFile } from 'node:fs/promises'

/** In the environment of every process that an engine is run by: the mark of the build. */
export const MARK_VARIABLE = 'RELEASER_BUILD'

/** How long an engine may take to clear up, before it is killed. */
const PATIENCE_MS = 10_000
const PAUSE_MS = 100

/** Ends engines that go on although who started them was killed, so that they leave nothing behind later. */
export async function endOrphans(isOver: (mark: string) => boolean): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS
  const hungUp = new Set<number>()
  for (;;) {
    const orphans = await marked(isOver)
    if (orphans.length === 0) return
    const late = Date.now() > deadline
    for (const pid of orphans.filter((each) => late || !hungUp.has(each))) {
      hungUp.add(pid)
      // It is the same word for all engines: docker's client leaves, and its daemon ends the build.
      kill(pid, late ? 'SIGKILL' : 'SIGHUP')
    }
    if (late) return
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
}

/** Where there is no /proc, engines are clients of a daemon elsewhere, and hang on to nobody. */
async function marked(isOver: (mark: string) => boolean): Promise<readonly number[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(
    pids.map(async (pid) => {
      const env = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')
      const mark = env
        .split('\0')
        .find((word) => word.startsWith(`${MARK_VARIABLE}=`))
        ?.slice(MARK_VARIABLE.length + 1)
      return mark !== undefined && isOver(mark) ? [Number(pid)] : []
    }),
  )
  return found.flat()
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended by itself.
  }
}
