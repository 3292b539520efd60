import { readFileSync } from 'node:fs'
import { ReleaserError } from '../model/errors.ts'
import type { FindingKind } from '../model/finding.ts'
import { whenAborted } from '../model/when-aborted.ts'
import { startScript } from './bootstrap.ts'
import { notEndless } from './lines.ts'
import type { Remote } from './remote.ts'

/** src/remote and dist/remote are equally deep, so that one relative path serves both. */
const SCRIPT = Buffer.concat(
  ['tree', 'verify'].map((name) => readFileSync(new URL(`../../templates/remote/${name}.sh`, import.meta.url))),
)

/** What a look at releases on a host has shown. */
export interface Looked {
  /** The host's sequence number at the end: where it has moved, somebody was at work meanwhile. */
  readonly seq: number
  /** The sha256 of each release's list of files, by id; empty where it cannot be read. */
  readonly lists: ReadonlyMap<string, string>
  /** What is not as it was laid out; paths that begin with `/` are relative to PATH, others to the release. */
  readonly differences: readonly Difference[]
}

export interface Difference {
  readonly dir: string
  readonly kind: FindingKind
  readonly path: string
  readonly why: string
}

/** A million files that are not as they should be. */
const MOST = 100e6

const KINDS: readonly string[] = ['changed', 'missing', 'extra', 'corrupt'] satisfies readonly FindingKind[]

/**
 * Holds releases on a host against the lists of files that lie there, every file hashed. One exec, whatever their number; the host
 * tells only where they differ, and nothing is written there. Fails with CONNECTION where the line is lost, INTERRUPTED on `signal`.
 */
export async function lookClosely(
  remote: Remote,
  root: string,
  releases: readonly { readonly id: string; readonly dir: string }[],
  signal: AbortSignal,
): Promise<Looked> {
  const head = `${releases.map(({ dir, id }) => `${dir}\t${id}\n`).join('')}end\n`
  const { channel, lines, stderr } = await startScript(remote, root, SCRIPT, head)
  const letGo = whenAborted(signal, () => channel.destroy())
  try {
    const lists = new Map<string, string>()
    const differences: Difference[] = []
    let dir = ''
    let seq = 0
    const count = notEndless(MOST, 'its releases')
    for (let line = await lines.next(); line !== null; line = await lines.next()) {
      count(line)
      const [key, one = '', two = '', three = ''] = line.split('\t')
      if (key === 'end') return { seq, lists, differences }
      if (key === 'list') lists.set(one, two)
      else if (key === 'dir') dir = one
      else if (key === 'seq') seq = Number(one) || 0
      else if (key === 'finding' && KINDS.includes(one))
        differences.push({ dir, kind: one as FindingKind, path: two, why: three })
    }
    if (signal.aborted) throw new ReleaserError('INTERRUPTED', 'stopped')
    const said = stderr()
    throw new ReleaserError('CONNECTION', `the line was lost while releases were verified${said === '' ? '' : `: ${said}`}`, {
      hint: 'run the same command again',
    })
  } finally {
    letGo()
    channel.stdin.end()
  }
}
