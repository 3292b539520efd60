import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { mixRelease } from './elixir.ts'

const VM_ARGS = `-name \${NODE}\n-setcookie cookie_of_@VSN@\n`
const SYS_CONFIG = `[{shop, [{port, \${PORT}}]}].\n`

/** What each tool adds to the VM and the applications; `script:` is a file of test/fixtures/otp. */
const FILES: { readonly [K in 'distillery' | 'relx']: Readonly<Record<string, string>> } = {
  distillery: {
    'bin/shop': 'script:distillery/entry.sh',
    'bin/shop_rc_exec.sh': 'script:distillery/exec.sh',
    'releases/@VSN@/shop.sh': 'script:distillery/main.sh',
    'releases/@VSN@/libexec/env.sh': '',
    'releases/@VSN@/vm.args': VM_ARGS,
    'releases/@VSN@/sys.config': SYS_CONFIG,
  },
  relx: {
    'bin/shop': 'script:relx/start.sh',
    'bin/shop-@VSN@': 'script:relx/start.sh',
    'bin/install_upgrade.escript': '',
    'bin/nodetool': '',
    'releases/@VSN@/vm.args.src': VM_ARGS,
    'releases/@VSN@/sys.config.src': SYS_CONFIG,
  },
}

/**
 * Lays out in `dir` the app of test/fixtures/otp as Distillery or relx would: with its VM and its applications, behind a start
 * script of ours that behaves like theirs. It wants NODE and PORT in its environment, Distillery's REPLACE_OS_VARS too.
 */
export async function otpRelease(kind: keyof typeof FILES, version: string, dir: string): Promise<void> {
  const from = await mixRelease(version)
  const data = await readFile(join(from, 'releases/start_erl.data'), 'utf8')
  const erts = data.split(' ')[0] ?? ''
  const fill = (text: string) => text.replaceAll('@NAME@', 'shop').replaceAll('@VSN@', version).replaceAll('@ERTS@', erts)
  for (const part of [
    `erts-${erts}`,
    'lib',
    ...['shop.rel', 'start.boot', 'start_clean.boot'].map((file) => `releases/${version}/${file}`),
  ])
    await cp(join(from, part), join(dir, part), { recursive: true })
  const known = `[{release,"shop","${version}","${erts}",[],permanent}].\n`
  const files = { ...FILES[kind], 'releases/start_erl.data': data, 'releases/RELEASES': known }
  for (const [path, content] of Object.entries(files)) {
    const text = content.startsWith('script:') ? await fixture(content.slice('script:'.length)) : content
    await mkdir(dirname(join(dir, fill(path))), { recursive: true })
    await writeFile(join(dir, fill(path)), fill(text), { mode: 0o755 })
  }
}

function fixture(path: string): Promise<string> {
  return readFile(fileURLToPath(new URL(`../fixtures/otp/${path}`, import.meta.url)), 'utf8')
}
