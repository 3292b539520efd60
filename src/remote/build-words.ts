import { hash, randomBytes } from 'node:crypto'
import { encodeManifest, type Manifest } from '../model/manifest.ts'
import { AGENT_HASH } from './agent-script.ts'
import { type Author, escapeValue } from './wire.ts'

/** What a build host is told of a build. */
export interface Wanted {
  readonly author: Author
  /** For `sh`. */
  readonly run: string
  /** The folder of the sources in which it runs; empty for the outermost. */
  readonly dir: string
  /** What it makes: from that folder, or absolute. */
  readonly output: string
  readonly env: Readonly<Record<string, string>>
  /** Extended patterns of what is removed beforehand; null: all that is there. */
  readonly clean: readonly string[] | null
  readonly sources: Manifest
}

/** The words as `build` reads them from stdin, to the last one. `listBytes`: how many bytes of a manifest come later. */
export function encodeBuild({ author, run, dir, output, env, clean, sources }: Wanted, listBytes: number): string {
  return `${[
    randomBytes(16).toString('hex'),
    `by\t${author.by}`,
    `where\t${author.where}`,
    `message\t${author.message}`,
    `agent\t${AGENT_HASH}`,
    `run\t${escapeValue(run)}`,
    `dir\t${escapeValue(dir === '' ? '.' : dir)}`,
    `output\t${escapeValue(output)}`,
    ...Object.entries(env).map(([name, value]) => `env\t${name}\t${escapeValue(value)}`),
    `keep\t${clean === null ? 'no' : 'yes'}`,
    ...(clean ?? []).map((pattern) => `clean\t${pattern}`),
    `manifest\t${listBytes}`,
    `digest\t${hash('sha256', encodeManifest(sources))}`,
    'end',
  ].join('\n')}\n`
}
