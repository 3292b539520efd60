import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A key that ssh-keygen has made: where its private half lies, and its public line. */
export interface TestKey {
  readonly file: string
  readonly line: string
  readonly fingerprint: string
}

/** Makes a key in a folder, called NAME; `words` go to ssh-keygen. */
export function makeKey(dir: string, name: string, words: readonly string[] = ['-t', 'ed25519', '-N', '']): TestKey {
  const file = join(dir, name)
  execFileSync('ssh-keygen', ['-q', ...words, '-C', name, '-f', file])
  const fingerprint = execFileSync('ssh-keygen', ['-lf', `${file}.pub`], { encoding: 'utf8' }).split(' ')[1] ?? ''
  return { file, line: readFileSync(`${file}.pub`, 'utf8').trim(), fingerprint }
}
