import { chmod, chown, mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { connector } from '../../src/remote/connect.ts'
import { startInTerminal } from '../../src/remote/in-terminal.ts'
import type { Remote } from '../../src/remote/remote.ts'
import { startHosts, type TestHosts } from '../support/hosts.ts'
import { pathOf, SHELLS } from '../support/shells.ts'

let hosts: TestHosts | undefined
let remote: Remote | undefined
afterEach(async () => {
  await remote?.close()
  await hosts?.stop()
})

const PTY = { term: 'vt220', columns: 91, rows: 17 }
const EVERYTHING = `${Array.from({ length: 126 }, (_, index) => String.fromCharCode(index + 1)).join('')}ü€😀\n\n`

/** A line to a host with a release, whose commands are found on this path. */
async function lineTo(path: string): Promise<{ remote: Remote; root: string }> {
  hosts = await startHosts(1, { sshdConfig: [`SetEnv PATH=${path}`] })
  const [{ home, host, uid }] = hosts.hosts
  const root = join(home, 'shop')
  await mkdir(join(root, 'releases/one'), { recursive: true })
  await chown(root, uid, uid)
  await symlink('releases/one', join(root, 'current'))
  const { identity, knownHosts } = hosts
  remote = await connector(host(root), { identity, knownHosts, agent: false }, {})()
  return { remote, root }
}

describe.each(SHELLS)('with %s as sh', (shell) => {
  test('the script gets its terminal in order, its words unchanged, and the keys that come after', async () => {
    const bin = await mkdtemp(join('/var/lib', 'releaser-test-bin-'))
    onTestFinished(() => rm(bin, { recursive: true }))
    await chmod(bin, 0o755)
    const { remote, root } = await lineTo(pathOf(shell, bin))
    const script = `readlink /proc/$$/exe; stty size; stty -a | tr ' ;' '\\n\\n' | grep -x -e -echo -e -icanon -e -isig -e -opost
printf '%s' "$WORD" | od -An -tx1 | tr -d ' \\n'; echo; env | grep RELEASER_TTY; IFS= read -r line; echo "got $line"; exit 5`
    const channel = await startInTerminal(remote, { root, script, env: { WORD: EVERYTHING }, pty: PTY })
    channel.stdin.write('a b\x7fc\r')
    const shown = await text(channel.stdout)
    // The terminal shows a key at once, wherever the script is by then.
    const echo = 'a b\b \bc\r\n'
    expect(shown).toContain(echo)
    const binary = await realpath(join(bin, 'sh'))
    expect(shown.replace(echo, '')).toBe(`${binary}\r\n17 91\r\n${Buffer.from(EVERYTHING).toString('hex')}\r\ngot a c\r\n`)
    expect(await channel.exit).toEqual({ code: 5, signal: null })
  })
})
