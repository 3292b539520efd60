import { ReleaserError } from '../model/errors.ts'
import { runProcess } from './process.ts'

/** Opens what `age` has encrypted, into a new file of its owner's alone. Fails with USAGE, INTEGRITY, INTERRUPTED. */
export async function decrypt(
  file: string,
  {
    to,
    identity,
    cwd,
    signal,
  }: { readonly to: string; readonly identity: string | undefined; readonly cwd: string; readonly signal: AbortSignal },
): Promise<void> {
  if (identity === undefined)
    throw new ReleaserError('USAGE', `${file} is encrypted`, {
      hint: 'name the file with the key that opens it: identity=FILE, or RELEASER_AGE_IDENTITY in the environment',
    })
  const { code, stopped, lines } = await runProcess({
    argv: ['sh', '-c', 'umask 077; exec age -d -i "$1" -o "$2" "$3"', 'age', identity, to, file],
    cwd,
    env: process.env,
    signal,
  })
  if (code === 0) return
  if (stopped === 'abort') throw new ReleaserError('INTERRUPTED', 'stopped: nothing was changed')
  const said = lines.find((line) => line.trim() !== '') ?? `exit code ${code}`
  if (code === 127)
    throw new ReleaserError('USAGE', `age is not installed here: ${said}`, {
      hint: 'install it: https://age-encryption.org; on Debian apt-get install age',
    })
  const key = /identit|passphrase|no such file|permission denied/i.test(said)
  throw new ReleaserError(key ? 'USAGE' : 'INTEGRITY', `age cannot open ${file}: ${said}`, {
    hint: key ? 'name the file with the key that opens it: identity=FILE' : 'take another backup: releaser backups target=NAME',
  })
}
