import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ReleaserError } from '../model/errors.ts'
import { runProcess } from './process.ts'

/** What the system's ssh-keygen said of a text. */
export interface Said {
  readonly ok: boolean
  readonly stdout: string
  /** Its last words, for the message of a failure. */
  readonly why: string
}

const SECONDS = 120

/**
 * Runs `ssh-keygen -Y …` on a text, in a folder of its own that holds `files` and is gone afterwards. Without a terminal: a passphrase is
 * given, or there is none. Fails with CONFIG where there is no ssh-keygen that knows signatures, INTERRUPTED when aborted.
 */
export async function sshKeygen(options: {
  /** Words; a name of `files` stands for the path of that file. */
  readonly words: readonly string[]
  readonly input: string
  readonly files?: Readonly<Record<string, string>>
  readonly passphrase?: string | undefined
  readonly signal: AbortSignal
}): Promise<Said> {
  const { words, input, files = {}, passphrase, signal } = options
  const dir = await mkdtemp(join(tmpdir(), 'rlsr-'))
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text, { mode: 0o600 })
    const argv = words.map((word) => (Object.hasOwn(files, word) ? join(dir, word) : word))
    const [out, err]: [string[], string[]] = [[], []]
    const onLine = (line: string, stream: 'stdout' | 'stderr') => void (stream === 'stdout' ? out : err).push(line)
    const env = await environment(dir, passphrase)
    const ended = await runProcess({
      argv: ['ssh-keygen', '-Y', ...argv],
      cwd: dir,
      env,
      stdin: input,
      seconds: SECONDS,
      signal,
      onLine,
    })
    if (ended.stopped === 'abort') throw new ReleaserError('INTERRUPTED', 'stopped')
    const said = [...err, ...(ended.code === null ? ended.lines : [])].map((line) => line.trim()).filter(Boolean)
    if (said.some((line) => line.includes('ENOENT'))) throw lacking('there is no ssh-keygen here')
    if (said.some((line) => /(?:unknown|illegal|unrecognized) option.*Y/i.test(line)))
      throw lacking('the ssh-keygen here is older than signatures')
    const late = ended.stopped === 'timeout' ? `it did not end within ${SECONDS} s` : undefined
    return { ok: ended.code === 0, stdout: `${out.join('\n')}\n`, why: late ?? said.slice(-2).join('; ') }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

function lacking(what: string): ReleaserError {
  return new ReleaserError('CONFIG', `${what}, and releases are signed and verified by it`, {
    hint: 'install the client of OpenSSH, 8.1 or newer (openssh-client)',
  })
}

/** Ours, with an answer to the one question that may be answered. Where there is none, nothing is asked. */
async function environment(dir: string, passphrase: string | undefined): Promise<NodeJS.ProcessEnv> {
  const { SSH_ASKPASS: _, ...own } = process.env
  const english = { ...own, LC_ALL: 'C' }
  if (!passphrase) return { ...english, SSH_ASKPASS_REQUIRE: 'never' }
  const program = join(dir, 'askpass')
  await writeFile(program, '#!/bin/sh\nprintf "%s\\n" "$PASSPHRASE"\n', { mode: 0o700 })
  return {
    ...english,
    PASSPHRASE: passphrase,
    SSH_ASKPASS: program,
    SSH_ASKPASS_REQUIRE: 'force',
    DISPLAY: own['DISPLAY'] ?? ':0',
  }
}
