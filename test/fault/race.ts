import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ClientEnd, startClient } from './client.ts'
import { leftovers, violations } from './invariants.ts'
import { isStep, type Stage } from './stage.ts'

const RACERS = 8

/** Notes who is at work; two at once would meet. What a killed one leaves is told apart by its process, which is gone. */
const ALONE = [
  'busy=$RELEASER_PATH/busy',
  'if test -r "$busy" && kill -0 "$(cat "$busy")" 2>/dev/null; then echo "$RELEASER_RELEASE" >>"$RELEASER_PATH/met"; fi',
  'echo $$ >"$busy"; sleep 0.2; rm -f "$busy"',
].join('\n')

/** Releases for the racers, in the laptop's store. */
export async function racers(stage: Stage): Promise<readonly string[]> {
  const ids: string[] = []
  for (let number = 0; number < RACERS; number++) {
    await stage.laptop.write({ 'app/VERSION': `racer ${number}` })
    const { last, stderr } = await startClient(stage.laptop, ['pack', 'config=packing.json', 'dir=app', `version=9.0.${number}`])
      .ended
    const { id } = (last['release'] ?? {}) as { id?: string }
    if (id === undefined) throw new Error(stderr)
    ids.push(id)
  }
  return ids
}

/**
 * Eight clients deploy eight releases to one target at once. One at a time gets through, the others end with 4, or wait where
 * they are told to; with `kill` the first that holds the lock dies half-way. Afterwards anybody can deploy.
 */
export async function race(
  stage: Stage,
  releases: readonly string[],
  how: { readonly kill?: boolean; readonly wait?: boolean; readonly cli?: string },
): Promise<readonly string[]> {
  const scene = await stage.scene('deploy', {
    target: { confirm: '8s', hooks: { 'pre-activate': ALONE }, keep: 20 },
    cli: how.cli,
  })
  const config = scene.words.at(-1) ?? ''
  await mkdir(scene.path, { recursive: true })
  const clients = releases.map((release) =>
    startClient(
      stage.laptop,
      ['deploy', config, 'target=prod', `release=${release}`, ...(how.wait ? ['--wait=3m'] : [])],
      how.cli,
    ),
  )
  if (how.kill) {
    const winner = await Promise.race(clients.map(async (client) => client.told(isStep('lock', 'ok')).then(() => client)))
    await winner.told(isStep('publish', 'ok'))
    winner.child.kill('SIGKILL')
  }
  const ends = await Promise.all(clients.map(({ ended }) => ended))
  await scene.settled(25)
  const found: string[] = []
  const allowed = how.wait ? [0] : [0, 4]
  ends.forEach((end, index) => {
    if (!(end.exit === null && how.kill) && !allowed.includes(end.exit ?? -1))
      found.push(`racer ${index} ended with ${end.exit}: ${end.stderr}`)
  })
  const won = releases.filter((_, index) => ends[index]?.exit === 0)
  if (won.length === 0 && !how.kill) found.push('nobody won')
  if (how.wait && won.length < releases.length - (how.kill ? 1 : 0)) found.push(`only ${won.length} got through`)
  found.push(...(await told(scene.path, won, ends)))
  const last = await lastOk(scene.path)
  found.push(...(await violations(scene.path, { before: scene.before, after: last ?? scene.before, reported: 'done' })))
  const after = await scene.again()
  if (after.exit !== 0) found.push(`nobody can deploy afterwards: ${after.stderr}`)
  await scene.settled(5)
  found.push(...(await leftovers(scene.path)))
  await scene.remove()
  return found
}

/** Every deploy that was acknowledged is in the history, once, and no two met. */
async function told(path: string, won: readonly string[], ends: readonly ClientEnd[]): Promise<readonly string[]> {
  const met = await readFile(join(path, 'met'), 'utf8').catch(() => '')
  const ok = (await history(path))
    .filter(({ action, result }) => action === 'deploy' && result === 'ok')
    .map(({ release }) => release)
  const missing = won.filter((release) => ok.filter((one) => one === release).length !== 1)
  return [
    ...(met === '' ? [] : [`two were at work at once: ${met}`]),
    ...missing.map((release) => `${release} was acknowledged and is not in the history once (${ends.map(({ exit }) => exit)})`),
  ]
}

async function lastOk(path: string): Promise<string | undefined> {
  return (await history(path)).findLast(({ result }) => result === 'ok')?.release
}

async function history(path: string) {
  const text = await readFile(join(path, '.releaser/history'), 'utf8')
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'))
    .map(([, , action = '', release = '', , , , result = '']) => ({ action, release, result }))
}
