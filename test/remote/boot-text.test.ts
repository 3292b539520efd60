import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { bootText } from '../../src/remote/boot-text.ts'
import { pathOf, SHELLS } from '../support/shells.ts'

const shop = { app: 'shop', target: 'prod', root: '/srv/shop' }

it('writes a unit of the system, which waits for the disk', () => {
  const { unit, text } = bootText('systemd', shop)
  expect(unit).toMatch(/^releaser-boot-shop-prod-[0-9a-f]{8}\.service$/)
  expect(text).toBe(`# Written by releaser setup. It does nothing unless a deploy of shop to prod was cut off.
[Unit]
Description=releaser: settle shop prod after a reboot
RequiresMountsFor="/srv/shop"

[Service]
Type=oneshot
ExecStart=/bin/sh "/srv/shop/.releaser/agent" "/srv/shop" boot

[Install]
WantedBy=multi-user.target
`)
})

it("writes a user's unit and a line of a crontab", () => {
  expect(bootText('systemd-user', shop).text).toMatch(/\nWantedBy=default\.target\n$/)
  expect(bootText('systemd-user', shop).text).not.toContain('RequiresMountsFor')
  const { mark, text } = bootText('cron', shop)
  expect([mark, text]).toEqual([
    ' # releaser setup: shop prod /srv/shop',
    '@reboot /bin/sh /srv/shop/.releaser/agent /srv/shop boot # releaser setup: shop prod /srv/shop\n',
  ])
})

it('gives each app, target and path a unit of its own, with a name that systemd takes', () => {
  const names = [
    ['a-b', 'c', '/x'],
    ['a', 'b-c', '/x'],
    ['a', 'b-c', '/y'],
    ['a+~', 'b', '/x'],
  ].map(([app = '', target = '', root = '']) => bootText('systemd', { app, target, root }).unit)
  expect(new Set(names).size).toBe(4)
  expect(names[3]).toMatch(/^releaser-boot-a__-b-[0-9a-f]{8}\.service$/)
})

const ODD = `/srv/it's a "path", 50% of $HOME \${x} #1; \\n %h`

it('quotes for systemd, which has words of its own for %, $, quotes and backslashes', () => {
  const { text } = bootText('systemd', { ...shop, root: ODD })
  expect(text).toContain(`RequiresMountsFor="/srv/it's a \\"path\\", 50%% of $HOME \${x} #1; \\\\n %%h"\n`)
  expect(text).toContain(` "/srv/it's a \\"path\\", 50%% of $$HOME $\${x} #1; \\\\n %%h" boot\n`)
})

it('quotes for cron and then for sh', async () => {
  const base = await mkdtemp(join(tmpdir(), 'releaser-boot-'))
  onTestFinished(() => rm(base, { recursive: true, force: true }))
  const root = join(base, ODD.slice(1).replace('\\n', ''))
  await mkdir(join(root, '.releaser'), { recursive: true })
  await writeFile(join(root, '.releaser/agent'), 'printf "%s|" "$@"')
  const { text } = bootText('cron', { ...shop, root })
  // Of it crons make different things, with and without a backslash: all else they hand on to sh.
  expect(text).not.toContain('%')
  const line = text.replace('@reboot ', '').trimEnd()
  const said = SHELLS.map((shell) =>
    execFileSync(`${pathOf(shell, join(base, shell)).split(':')[0]}/sh`, ['-c', line], { encoding: 'utf8' }),
  )
  expect(said).toEqual(SHELLS.map(() => `${root}|boot|`))
})
