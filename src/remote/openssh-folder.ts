import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { isEncrypted } from './key-text.ts'
import { KEY_VARIABLE, type Keyring } from './keyring.ts'
import { systemConfig } from './openssh-words.ts'
import { quote } from './shell.ts'
import type { SshTarget } from './ssh.ts'

/** What a connection of the system's ssh has on disk, in a folder that only we may read. */
export interface Folder {
  readonly dir: string
  /** The words that every ssh of this connection gets first. */
  readonly words: readonly string[]
  /** Our environment as ssh may see it. */
  readonly env: NodeJS.ProcessEnv
  /** The same for the one that logs in: with an answer to the questions that may be answered. */
  readonly login: NodeJS.ProcessEnv
  /** Takes away what only a login needs. */
  loggedIn(): Promise<void>
}

/**
 * Ends ssh when stdin ends, and takes its folder away: whatever ends us, even at once, nothing of it stays. So it is also who writes the
 * key there. In a session of its own, so that no Ctrl-C meant for us reaches ssh, and none of its questions a terminal.
 */
const KEEPER = `dir=$1; shift
exec 4<&0
[ -z "$RELEASER_GIVEN" ] || (umask 077; printf '%s\n' "$RELEASER_GIVEN" >"$dir/key")
unset RELEASER_GIVEN
"$@" </dev/null 4<&- & ssh=$!
{ read -r _ <&4; kill "$ssh"; } 2>/dev/null & reader=$!
exec 4<&-
wait "$ssh"; code=$?
kill "$reader" 2>/dev/null; rm -rf -- "$dir"; exit "$code"`

/** Starts the ssh that logs in. Once its stdin ends, it ends, and the folder with it. */
export function spawnKept(
  { dir, login }: Pick<Folder, 'dir' | 'login'>,
  program: string,
  words: readonly string[],
): ChildProcessByStdio<Writable, null, Readable> {
  return spawn('sh', ['-c', KEEPER, 'sh', dir, program, ...words], {
    stdio: ['pipe', 'ignore', 'pipe'],
    detached: true,
    env: login,
  })
}

/** Makes it; it goes with the ssh that is started in it. */
export async function privateFolder(target: SshTarget, silence: number): Promise<Folder> {
  const { system, connectSeconds, keys, pinned } = target
  // Short: the address of a socket has a hundred bytes. The folder is 0700.
  const dir = await mkdtemp(join(tmpdir().length < 60 ? tmpdir() : '/tmp', 'rlsr-'))
  const [config, key, known] = [join(dir, 'config'), join(dir, 'key'), join(dir, 'known')]
  const env = withoutLocale()
  const answers = answersOf(keys, key)
  const asks = answers.some(({ value }) => value !== undefined)
  await writeFile(config, systemConfig(system, { connectSeconds, silence, passphrase: asks, key: keys.key && key }))
  if (pinned !== undefined) await writeFile(known, `${pinned}\n`, { mode: 0o600 })
  // Nothing but the pinned key may speak for the host: no other list, and no DNS.
  const alone = [`UserKnownHostsFile="${known}"`, 'GlobalKnownHostsFile=none', 'KnownHostsCommand=none', 'VerifyHostKeyDNS=no']
  return {
    dir,
    words: ['-F', config, ...(pinned === undefined ? [] : alone.flatMap((option) => ['-o', option]))],
    env,
    login: { ...env, ...(keys.key !== undefined && { RELEASER_GIVEN: keys.key }), ...(asks && (await askpass(dir, answers))) },
    loggedIn: () => rm(key, { force: true }),
  }
}

interface PassphraseAnswer {
  /** The key that ssh asks for; undefined: any other. */
  readonly path: string | undefined
  readonly value: string | undefined
}

function answersOf({ typed, passphrase, key }: Keyring, file: string): readonly PassphraseAnswer[] {
  const known = [...typed].map(([id, value]) => ({ path: id === KEY_VARIABLE ? file : id, value }))
  const wanted = key === undefined || isEncrypted(key) ? known : known.filter(({ path }) => path !== file)
  return [...wanted, { path: undefined, value: passphrase }]
}

/** The program that ssh asks. What is secret it has from its environment, which nobody else can read. */
async function askpass(dir: string, answers: readonly PassphraseAnswer[]): Promise<NodeJS.ProcessEnv> {
  const program = join(dir, 'askpass')
  const cases = answers.map(({ path, value }, index) => {
    // ssh names a key by the first hundred characters of its path.
    const asked = path === undefined ? '*' : `*${quote(`'${path.slice(0, 100)}`)}*`
    return `${asked}) ${value === undefined ? 'exit 1' : `printf '%s\\n' "$RELEASER_ANSWER_${index}"`} ;;`
  })
  await writeFile(program, ['#!/bin/sh', 'case $1 in', ...cases, 'esac', ''].join('\n'), { mode: 0o700 })
  const values = answers.flatMap(({ value }, index) => (value === undefined ? [] : [[`RELEASER_ANSWER_${index}`, value]]))
  const display = process.env['DISPLAY'] ?? ':0'
  return { ...Object.fromEntries(values), SSH_ASKPASS: program, SSH_ASKPASS_REQUIRE: 'force', DISPLAY: display }
}

/** Ours, without the locale, which ssh may be told to send, and without anybody else's answers. */
function withoutLocale(): NodeJS.ProcessEnv {
  const ours = Object.entries(process.env).filter(
    ([name]) => !/^(LANG|LANGUAGE|LC_.*|SSH_ASKPASS.*|RELEASER_SSH_KEY|RELEASER_KEY_PASSPHRASE)$/.test(name),
  )
  return Object.fromEntries(ours)
}
