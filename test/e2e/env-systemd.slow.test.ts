import { chown, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeSharedEnv } from '../../src/model/app-env.ts'
import { unitPattern, unitWord } from '../../src/model/unit-text.ts'
import { anyValue, HOSTILE, variablesOf } from '../support/hostile-env.ts'
import { type Machine, startMachine } from '../support/machine/machine.ts'

const DEPLOY_UID = 1500
const UNIT = `[Service]
Type=oneshot
EnvironmentFile=%h/env
ExecStart=/usr/bin/env -0
StandardOutput=truncate:%h/printed
`

let machine: Machine

beforeAll(async () => {
  machine = await startMachine()
}, 600_000) // the first one ever makes the file system
afterAll(() => machine?.remove())

test('systemd reads every hostile value as it was', async () => {
  expect(await runUnit(HOSTILE)).toEqual({ code: 0, values: HOSTILE })
})

test('systemd reads any values as they were', async () => {
  const values = Object.fromEntries(fc.sample(anyValue, 2000).map((value, index) => [`V${index}`, value]))
  expect(await runUnit(values)).toEqual({ code: 0, values })
})

test('so does the systemd of a user, from a file that only this user can read', async () => {
  const env = join(machine.root, 'home/deploy/env')
  await writeFile(env, encodeSharedEnv(HOSTILE), { mode: 0o600 })
  await chown(env, DEPLOY_UID, DEPLOY_UID)
  const script = `mkdir -p .config/systemd/user && echo '${UNIT}' >.config/systemd/user/env.service && systemctl --user start env`
  expect(await machine.ssh('deploy', script)).toEqual({ code: 0, stdout: '', stderr: '' })
  expect(variablesOf(await readFile(join(machine.root, 'home/deploy/printed'), 'utf8'))).toEqual(HOSTILE)
})

test.each([
  ['what is no character of Unicode, for which the whole file is refused', { V0: 'x', V1: '\ufdd0' }],
  ['a value that is too long for a process', { V0: 'x', V1: 'x'.repeat(131_069) }],
])('it does not take what we refuse: %s', async (_, values) => {
  expect(await runUnit(values)).toEqual({ code: expect.toSatisfy((code) => code !== 0), values: {} })
})

test('what a unit starts gets any words as they were, and so do its variables', async () => {
  const words = [...Object.values(HOSTILE), ...fc.sample(anyValue, 1000)]
  const values = Object.fromEntries(fc.sample(anyValue, 200).map((value, index) => [`V${index}`, value]))
  const odd = '/srv/50% [of] "$x" * \\n'
  const printed = ['words', 'variables'].map((name) => join(machine.root, 'srv', name)) as [string, string]
  for (const file of printed) await writeFile(file, '')
  await writeFile(join(machine.root, odd), 'ODD=found\n')
  const unit = `[Service]
Type=oneshot
${Object.entries(values)
  .map(([name, value]) => `Environment=${unitWord(`${name}=${value}`)}`)
  .join('\n')}
EnvironmentFile=${unitPattern(odd)}
StandardOutput=truncate:/srv/words
ExecStart=/bin/sh -c ${unitWord(`/usr/bin/env -0 >/srv/variables; printf '%s\\0' "$@"`, { exec: true })} sh ${words.map((word) => unitWord(word, { exec: true })).join(' ')}
`
  await writeFile(join(machine.root, 'etc/systemd/system/words.service'), unit)
  expect(await machine.ssh('root', 'systemctl daemon-reload && systemctl start words')).toEqual({
    code: 0,
    stdout: '',
    stderr: '',
  })
  expect((await readFile(printed[0], 'utf8')).split('\0').slice(0, -1)).toEqual(words)
  const found = await readFile(printed[1], 'utf8')
  expect(variablesOf(found)).toEqual(values)
  expect(found).toContain('ODD=found\0')
})

/** How a unit ends whose `EnvironmentFile` holds these values, and what its process found. */
async function runUnit(values: Readonly<Record<string, string>>) {
  const [env, printed] = ['env', 'printed'].map((name) => join(machine.root, 'srv', name)) as [string, string]
  await writeFile(env, encodeSharedEnv(values), { mode: 0o600 })
  await writeFile(printed, '')
  const { code } = await machine.ssh(
    'root',
    'systemd-run --quiet --wait -p EnvironmentFile=/srv/env -p StandardOutput=truncate:/srv/printed /usr/bin/env -0',
  )
  return { code, values: variablesOf(await readFile(printed, 'utf8')) }
}
