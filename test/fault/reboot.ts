import { readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Target } from '../../src/model/config.ts'
import type { BootKind } from '../../src/model/plan.ts'
import { release } from '../support/fleet.ts'
import { laptop } from '../support/laptop.ts'
import type { Machine } from '../support/machine/machine.ts'
import { until } from '../support/until.ts'

/** How a host comes back at boot, who logs in there, and what root must have done for it. */
export interface Way {
  readonly kind: BootKind
  readonly user: 'deploy' | 'root'
  readonly before: string
}

export const WAYS: readonly Way[] = [
  { kind: 'cron', user: 'deploy', before: 'loginctl disable-linger deploy' },
  { kind: 'systemd-user', user: 'deploy', before: 'loginctl enable-linger deploy' },
  { kind: 'systemd', user: 'root', before: 'true' },
]

/** In which hook the power is cut; the switch lies between the two. */
export const HOOKS = ['pre-activate', 'post-activate'] as const

/** Two characters that cron takes for its own, one of systemd's, and all that sh could trip over. */
const ODD = `it's 50% of "$HOME"`

/**
 * Sets a host up, deploys, and cuts the power in the middle of the next deploy. What does not hold then: the machine, booted,
 * serves the old release again within 20 s, without anybody's doing; a second setup changes nothing; a rerun succeeds.
 */
export async function rebootIn(
  machine: Machine,
  { kind, user, before }: Way,
  hook: (typeof HOOKS)[number],
): Promise<readonly string[]> {
  const { address, port, identity, knownHosts } = machine
  await machine.ssh('root', before)
  const path = `/${user === 'root' ? 'srv' : 'home/deploy'}/${ODD} ${hook} ${kind}`
  const target: Target = { hosts: [{ host: address, port, user, name: 'm1' }], path, identity, knownHosts, confirm: '10m' }
  const mine = await laptop()
  await mine.configure({ prod: target })
  const found: string[] = []
  const check = (holds: boolean, what: string) => void (holds || found.push(`${kind}, ${hook}: ${what}`))

  const setup = await mine.call('setup', 'target=prod')
  const again = await mine.call('setup', 'target=prod')
  const told = [setup, again].map(({ code, last }) =>
    [code, last['changed'], hostOf(last)['changed'], hostOf(last)['boot']].join(),
  )
  check(told[0] === `0,true,true,${kind}`, `setup said ${JSON.stringify(setup.last)}`)
  check(told[1] === `0,false,false,${kind}`, `setup said the second time ${JSON.stringify(again.last)}`)
  const old = await release(mine, '1.0.0')
  const first = await mine.call('deploy', 'target=prod', '--yes')
  check(first.code === 0, `the first deploy failed: ${JSON.stringify(first.last)}`)

  const inside = (...parts: readonly string[]) => join(machine.root, path, ...parts)
  const next = await release(mine, '2.0.0')
  await mine.configure({ prod: { ...target, hooks: { [hook]: 'touch "$RELEASER_PATH/there"; sleep 1000' } } })
  const deploying = mine.start('deploy', 'target=prod', '--yes')
  await until(async () => (await readdir(inside())).includes('there'))
  const serves = () => readlink(inside('current'))
  check((await serves()) === `releases/${hook === 'pre-activate' ? old : next}`, `in the hook it served ${await serves()}`)
  await machine.cut()
  // Whoever asks the host could not tell who has put it right.
  deploying.kill('SIGKILL')
  await deploying.ended

  await machine.boot()
  const back = async () => (await serves()) === `releases/${old}` && (await readdir(inside('.releaser/journal'))).length === 0
  await until(back, 20).catch(() => {})
  check(
    await back(),
    `after the boot it serves ${await serves()}, and its journal holds ${await readdir(inside('.releaser/journal'))}`,
  )
  await mine.configure({ prod: target })
  const rerun = await mine.call('deploy', 'target=prod', '--yes')
  check(rerun.code === 0 && (await serves()) === `releases/${next}`, `the rerun: ${JSON.stringify(rerun.last)}`)
  return found
}

function hostOf(last: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return (last['hosts'] as readonly Readonly<Record<string, unknown>>[] | undefined)?.[0] ?? {}
}
