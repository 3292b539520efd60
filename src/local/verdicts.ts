import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { JudgedHost, Verdict } from '../model/verdict.ts'
import { privateFolder, syncFolder, writeDurably } from './durable.ts'
import { temporaryPath } from './temporary.ts'

/** A machine's own memory of rollouts that were to stay, in its store: each is there until all its hosts are known to have come to one end. */
export interface Verdicts {
  /** Is on disk when it returns. */
  write(verdict: Verdict): Promise<void>
  /** The newest first. A file that is none is left out. */
  list(): Promise<readonly Verdict[]>
  remove(rollout: string): Promise<void>
}

const ROLLOUT = /^[0-9a-f]{32}$/

/** The verdicts of a store's folder, which need not be there yet. */
export function verdictsIn(storeDir: string): Verdicts {
  const dir = join(storeDir, 'verdicts')
  const file = (rollout: string) => join(dir, `${rollout}.json`)
  return {
    write: async (verdict) => {
      await privateFolder(dir)
      await writeDurably(file(verdict.rollout), `${JSON.stringify(verdict, null, 2)}\n`, await temporaryPath(storeDir, '.json'))
      await syncFolder(storeDir)
    },
    list: async () => {
      const names = await readdir(dir).catch(() => [])
      const rollouts = names.map((name) => name.replace(/\.json$/, '')).filter((name) => ROLLOUT.test(name))
      const read = await Promise.all(rollouts.map((rollout) => readFile(file(rollout), 'utf8').catch(() => '')))
      return read.flatMap(parse).sort((a, b) => (a.at < b.at ? 1 : -1))
    },
    remove: (rollout) => rm(file(rollout), { force: true }),
  }
}

function parse(text: string): readonly Verdict[] {
  try {
    const found = JSON.parse(text) as Partial<Verdict> | null
    return isVerdict(found) ? [found] : []
  } catch {
    return []
  }
}

function isVerdict(found: Partial<Verdict> | null): found is Verdict {
  const words = [found?.rollout, found?.at, found?.by, found?.action]
  return words.every((word) => typeof word === 'string') && Array.isArray(found?.hosts) && found.hosts.every(isJudged)
}

function isJudged(found: Partial<JudgedHost> | null): found is JudgedHost {
  const words = [found?.target, found?.host, found?.release?.id, found?.release?.version]
  return words.every((word) => typeof word === 'string')
}
