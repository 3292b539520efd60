import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { until } from '../until.ts'
import { cgroupRoot } from './cgroup.ts'
import { type Machine, startMachine } from './machine.ts'

let machine: Machine

beforeAll(async () => {
  machine = await startMachine()
}, 600_000) // the first one ever makes the file system
afterAll(() => machine?.remove())

test('is a Debian with systemd, which has started all that it should', async () => {
  const said = await machine.ssh('root', 'systemctl is-system-running --wait; systemctl is-active ssh cron; cat /proc/1/comm')
  expect(said).toEqual({ code: 0, stdout: 'running\nactive\nactive\nsystemd\n', stderr: '' })
})

test('lets a user in who has no privileges, a systemd of his own, and UTF-8', async () => {
  const said = await machine.ssh('deploy', 'id -un; id -u; pwd; echo $XDG_RUNTIME_DIR; LC_ALL=C.UTF-8 locale charmap; exit 3')
  expect(said).toEqual({ code: 3, stdout: 'deploy\n1500\n/home/deploy\n/run/user/1500\nUTF-8\n', stderr: '' })
  expect((await machine.ssh('deploy', 'cat /etc/shadow')).stderr).toMatch('Permission denied')
})

test('cannot change the kernel that it shares with this machine', async () => {
  expect((await machine.ssh('root', 'echo 1 >/proc/sys/kernel/panic')).stderr).toMatch('Read-only file system')
})

test('after a power cut it boots on the same disk and starts what users want started', async () => {
  await deploy(`
    mkdir -p .config/systemd/user
    printf '%s\\n' '[Service]' 'ExecStart=sh -c "cat ${BOOT_ID} >unit; exec sleep infinity"' '[Install]' 'WantedBy=default.target' \
      >.config/systemd/user/note.service
    systemctl --user enable --now note
    echo '@reboot cat ${BOOT_ID} >cron' | crontab -
  `)
  await machine.ssh('root', 'loginctl enable-linger deploy')
  const before = await deploy(`cat ${BOOT_ID}`)
  await until(async () => (await file('unit')) === before)

  await machine.cut()
  await machine.boot()
  // Nobody has logged in since: what starts here starts by itself.
  await until(async () => ![await file('unit'), await file('cron')].some((id) => id === '' || id === before))
  const after = await deploy(`cat ${BOOT_ID}`)
  expect([await file('unit'), await file('cron')]).toEqual([after, after])
  expect(await deploy('systemctl --user is-active note')).toBe('active\n')
  expect(Number.parseFloat(await deploy('cat /proc/uptime'))).toBeLessThan(60)
})

test('a power cut ends everything at once, keeps what was written, and tells nobody', async () => {
  let told = false
  const line = machine.ssh('deploy', 'echo synced >kept; sync; while :; do echo again >>log; done').finally(() => {
    told = true
  })
  await until(async () => (await file('log')) !== '')

  await machine.cut()
  const log = await file('log')
  expect(await file('kept')).toBe('synced\n')
  expect(told).toBe(false)
  await machine.boot()
  expect(await file('log')).toBe(log)
  expect(await deploy('cat kept')).toBe('synced\n')
  expect((await line).code).toBe(255)
})

test('boots after it was powered off from inside', async () => {
  await machine.ssh('root', 'systemctl poweroff')
  await until(() =>
    machine.boot().then(
      () => true,
      (error) => {
        expect(error).toEqual(new Error('the machine is on already'))
        return false
      },
    ),
  )
  expect(await deploy('cat kept')).toBe('synced\n')
})

test('several at once do not meet, and each leaves nothing behind', async () => {
  const [one, other] = await Promise.all([startMachine(), startMachine()])
  onTestFinished(async () => void (await Promise.all([one.remove(), other.remove()])))
  expect(new Set([machine, one, other].map(({ address }) => address)).size).toBe(3)
  await one.ssh('deploy', 'touch mine')
  expect(await traces(one)).toEqual(['cgroup', 'bridge', 'port', 'mount', 'folder'])
  await one.remove()
  expect(await traces(one)).toEqual([])
  expect(await other.ssh('deploy', 'ls')).toEqual({ code: 0, stdout: '', stderr: '' })
})

test('ends with the process that started it, and the next start clears up', async () => {
  const owner = spawn(
    process.execPath,
    ['--input-type=module', '-e', OWNER, fileURLToPath(new URL('machine.ts', import.meta.url))],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const root = String((await once(owner.stdout, 'data'))[0]).trim()
  expect(await traces({ root })).toEqual(['cgroup', 'bridge', 'port', 'mount', 'folder'])
  owner.kill('SIGKILL')
  const events = join(await cgroupRoot(), `releaser-test-${basename(dirname(root))}`, 'cgroup.events')
  await until(async () => (await readFile(events, 'utf8')).includes('populated 0'))
  await (await startMachine()).remove()
  expect(await traces({ root })).toEqual([])
})

const BOOT_ID = '/proc/sys/kernel/random/boot_id'

const OWNER = `
import { createJiti } from 'jiti'
const { startMachine } = await createJiti(process.argv[1]).import(process.argv[1])
console.log((await startMachine()).root)
setInterval(() => {}, 1000)
`

/** What the user's script says, where it succeeds. */
async function deploy(script: string): Promise<string> {
  const { code, stdout, stderr } = await machine.ssh('deploy', script)
  expect({ code, stderr }).toMatchObject({ code: 0 })
  return stdout
}

/** A file of the user's, seen from here; empty where there is none. */
function file(name: string): Promise<string> {
  return readFile(join(machine.root, 'home/deploy', name), 'utf8').catch(() => '')
}

/** What there is of a machine on this one. */
async function traces({ root }: Pick<Machine, 'root'>): Promise<readonly string[]> {
  const id = basename(dirname(root))
  const bridge = `rlsr-${id.split('-')[1]}`
  const devices = await readdir('/sys/class/net')
  const found = {
    cgroup: (await readdir(await cgroupRoot())).includes(`releaser-test-${id}`),
    bridge: devices.includes(bridge),
    port: devices.includes(`${bridge}p`),
    mount: (await promisify(execFile)('findmnt', [root]).catch(() => undefined)) !== undefined,
    folder: (await readdir(dirname(dirname(root)))).includes(id),
  }
  return Object.entries(found).flatMap(([name, there]) => (there ? [name] : []))
}
