import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, realpath, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Target } from '../../src/model/config.ts'
import { freePort } from '../support/apps.ts'
import { DEPLOY, home } from '../support/fleet.ts'
import { startHosts, type TestHosts } from '../support/hosts.ts'
import { makeKey } from '../support/keys.ts'
import { type Laptop, laptop, targetOn } from '../support/laptop.ts'
import { chance, filesWith, foundIn, modeOf, type Planted, watchProcesses } from '../support/planted.ts'
import { answer, webRelease } from '../support/web-app.ts'

/** Twenty secrets, planted wherever one may be given, through the whole life of an app that tells them to whoever listens. */
let hosts: TestHosts
beforeAll(async () => {
  hosts = await startHosts(1)
})
afterAll(() => hosts?.stop())

const KEY = (name: string) => `-----BEGIN ${name} KEY-----\n${chance()}\n${chance()}\n-----END ${name} KEY-----`

/** By how each is given. */
const GIVEN = {
  env: {
    S01: `plain${chance()}`,
    S02: `two words ${chance()}  "and' quotes`,
    S03: KEY('FIRST'),
    S04: `$HOME %h \\n ${chance()}`,
  },
  command: { S05: chance(), S06: `p@ss/w:rd?${chance()}&x=ü`, S07: KEY('SECOND') },
  file: { S08: `${chance()}'; echo x; '`, S09: chance().repeat(12), S10: `${chance()}#\`id\`` },
  envFile: {
    F_DB_PASSWORD: chance(),
    F_API_TOKEN: `tok_${chance()}`,
    F_COOKIE_SECRET: `${chance()} ${chance()}`,
    F_MASTER_KEY: chance(),
  },
  own: { E_SMTP_PASSWORD: `${chance()}!`, E_SESSION_KEY: chance(), E_WEB_TOKEN: chance() },
  host: { H_TOKEN: chance() },
}
const PASSWORD = `p${chance()}`
const PASSPHRASE = `open ${chance()}`
const OF_APP: Planted = Object.assign({}, ...Object.values(GIVEN))
const PLANTED: Planted = { ...OF_APP, PASSWORD, PASSPHRASE }

/** Tells all that it finds in its environment, in every way that it knows, to both of its streams. */
const LEAK = `env | grep -v '^BASE'; env | base64; env | base64 -w 0; echo; env | fold -w 30; env >&2
printf 'x%s' "$S01" | base64; (set -x; : "$S02" "$S08")
"\${NODE:-true}" -e 'for (const name of Object.keys(process.env).filter((name) => /^[SFEH]\\d?_?/.test(name))) {
  const value = process.env[name] ?? ""
  console.log(encodeURIComponent(value), JSON.stringify({ [name]: value }), Buffer.from("u:" + value).toString("base64url"))
  console.error(JSON.stringify(JSON.stringify(value)), value)
}'
`

async function plant(mine: Laptop): Promise<Target> {
  const key = makeKey(mine.dir, 'signer', ['-t', 'ed25519', '-N', PASSPHRASE])
  await mine.write({
    'app/leak.sh': LEAK,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: so it is written in a template
    'app/secret.conf.tmpl': '${S01} ${F_DB_PASSWORD} ${E_SESSION_KEY} ${S03}\n',
    'given/.env': Object.entries({ ...GIVEN.envFile, F_DATABASE_URL: `postgres://shop:${PASSWORD}@db/shop` })
      .map(([name, value]) => `${name}='${value}'\n`)
      .join(''),
    ...Object.fromEntries(
      Object.entries({ ...GIVEN.file, ...GIVEN.command }).map(([name, value]) => [`given/${name}`, `${value}\n`]),
    ),
  })
  const from = (names: object, how: (name: string) => object) =>
    Object.fromEntries(Object.keys(names).map((name) => [name, how(name)]))
  Object.assign(mine.env, GIVEN.env, { RELEASER_KEY_PASSPHRASE: PASSPHRASE })
  const leak = 'sh leak.sh'
  const port = await freePort()
  const [entry] = hosts.hosts.map(({ configEntry }) => ({ ...configEntry, env: { ...GIVEN.host, PORT: String(port) } }))
  return targetOn(hosts, 'app', {
    ...(entry && { hosts: [entry] }),
    env: { ...GIVEN.own, NODE: process.execPath },
    envFile: 'given/.env',
    secrets: {
      ...from(GIVEN.env, (env) => ({ env })),
      ...from(GIVEN.command, (name) => ({ command: `cat given/${name}` })),
      ...from(GIVEN.file, (name) => ({ file: `given/${name}` })),
    } as NonNullable<Target['secrets']>,
    shared: { dirs: ['data'] },
    templates: [{ from: 'secret.conf.tmpl', to: 'secret.conf' }],
    runner: {
      start: `${leak}; exec "$NODE" server.mjs`,
      ping: `${leak}; true`,
      rpc: `${leak}; echo "$@" "$S05"`,
      eval: `${leak}; exit 3`,
    },
    health: { http: `http://127.0.0.1:${port}/`, timeout: '15s', interval: '1s', settle: '1s' },
    stopTimeout: '2s',
    commands: { tell: leak },
    migrate: { run: leak },
    backup: { paths: ['shared/data'], command: `${leak} >&2; echo dump`, verify: leak },
    hooks: {
      'pre-configure': leak,
      'post-configure': leak,
      'post-start': `${leak}; test ! -e fails || { echo "it is $S02"; exit 3; }`,
      'post-activate': { run: `${leak}; echo "last words $S05"; test -e good || exit 4`, ignoreFailure: true },
      'pre-deploy': 'cat given/S0* given/.env; env',
      'post-deploy': 'cat given/S0* given/.env >&2; env',
      'on-failure': 'cat given/S0*; env; exit 1',
    },
    allowedSigners: [key.line],
  })
}

/** Who looks at processes and files finds what stands there, also in base64. */
async function seesWhatIsThere(): Promise<void> {
  const one: Planted = { ONE: chance() }
  const watch = watchProcesses(one, process.getuid?.() ?? 0)
  const told = spawn('sh', ['-c', 'sleep 2; :', `x${one['ONE']}`])
  const code = Buffer.from(`ab${one['ONE']}c`).toString('base64')
  const tail = spawn('sh', ['-c', 'exec tail -f /dev/null'], { env: { CODE: code } })
  await once(told, 'exit')
  tail.kill()
  expect((await watch.stop()).found.toSorted()).toEqual([
    'the environment of tail -f /dev/null : ONE',
    expect.stringMatching(/^the words of sh -c sleep 2; : x.*: ONE$/),
  ])
  const mine = await laptop({ 'a/b': `{"v":"${code}"}` })
  expect(await filesWith(mine.dir, one, () => false)).toEqual([`${join(mine.dir, 'a/b')}: ONE`])
}

it('none of twenty planted secrets shows anywhere', { timeout: 240_000 }, async () => {
  expect(Object.keys(PLANTED)).toHaveLength(20)
  await seesWhatIsThere()
  const mine = await laptop()
  const target = await plant(mine)
  const builders = {
    copy: { type: 'command', clean: ['out'], run: 'cat given/S1* given/S08; env; cp -R app out', output: 'out' },
  }
  await mine.configure({ prod: target }, { builders, sign: { key: 'signer' } })
  const watch = watchProcesses(PLANTED, hosts.hosts[0].uid)
  const leaks: string[] = []
  let stars = 0
  /** Calls the command line, as people do, as scripts do, or both, and looks at all that it says. */
  const call = async (exit: number, ...words: string[]) => {
    const { code, stdout, stderr } = await mine.say(...words)
    for (const [where, text] of [
      ['stdout', stdout],
      ['stderr', stderr],
    ] as const) {
      leaks.push(...foundIn(text, PLANTED).map((name) => `${words.join(' ')} (${where}): ${name}`))
      stars += text.split('***').length - 1
    }
    expect([words.join(' '), code, code === exit ? '' : (stdout + stderr).slice(-600)]).toEqual([words.join(' '), exit, ''])
  }

  await webRelease(mine, '1.0.0')
  await call(0, 'build', '--verbose')
  await call(0, 'deploy', 'target=prod', '--dry-run', '--plan-out=plan.json')
  await call(0, 'deploy', 'target=prod', '--dry-run', '--json')
  await call(0, ...DEPLOY, '--verbose')
  await call(0, 'exec', 'target=prod', '--', 'sh leak.sh')
  await call(0, 'run', 'target=prod', 'command=tell', '--json')
  await call(0, 'logs', 'target=prod', 'lines=5000')
  await call(0, 'logs', 'target=prod', '--json')
  await call(0, 'rpc', 'target=prod', '--', 'hello')
  await call(10, 'eval', 'target=prod', '--json', '--', 'hello')
  await call(0, 'restart', 'target=prod', '--yes', '--verbose')
  await call(0, 'migrate', 'target=prod', '--yes', '--verbose')
  await call(0, 'backup', 'target=prod', '--verbose')
  await call(0, 'backup-verify', 'target=prod', '--verbose', '--json')

  // One that fails once it has been switched to, and one before.
  await mine.write({ 'app/fails': '' })
  await webRelease(mine, '1.1.0')
  await call(7, ...DEPLOY, '--json', '--verbose')
  await call(7, ...DEPLOY)
  await rm(join(mine.dir, 'app/fails'))
  await mine.write({ 'app/good': '' })
  await webRelease(mine, '1.2.0')
  await call(0, ...DEPLOY, '--json')
  await call(0, 'rollback', 'target=prod', '--yes', '--verbose')
  await call(2, 'deploy', 'target=nowhere', '--verbose')
  for (const command of [
    ['status', 'target=prod'],
    ['history', 'target=prod'],
    ['show', 'release=latest'],
    ['verify', 'target=prod'],
    ['timer', 'log', 'target=prod', 'job=backup'],
  ]) {
    await call(0, ...command, '--json')
  }
  await call(0, 'report', 'html=page.html')
  const { found, looks } = await watch.stop()

  // They were there to be told, each of them, and what was shown of them is known to have been left out.
  const root = await realpath(home(hosts, 0, 'app'))
  const log = await readFile(join(root, 'shared/log/app.log'), 'utf8')
  expect(foundIn(log, PLANTED).toSorted()).toEqual(
    Object.keys(PLANTED)
      .filter((name) => name !== 'PASSPHRASE')
      .toSorted(),
  )
  expect(stars).toBeGreaterThan(500)
  expect(looks).toBeGreaterThan(20)

  const planted = (path: string) => /^(?:given\/|signer)/.test(path) || path === 'releaser.config.json'
  const here = await filesWith(mine.dir, PLANTED, planted)
  // What is there to hold them, and what their own commands have written, the app and those of the timer.
  const meant = (path: string) =>
    /^app\/(?:shared\/env|shared\/log\/app\.log|\.releaser\/env|\.releaser\/timer\/\w+\/log|releases\/[^/]+\/secret\.conf)$/.test(
      path,
    )
  const there = await filesWith(home(hosts, 0), PLANTED, meant)
  expect({ said: leaks, processes: found, here, there }).toEqual({ said: [], processes: [], here: [], there: [] })
  for (const path of ['shared/env', '.releaser/env', '.releaser/timer/backup/log', 'current/secret.conf'])
    expect([path, await modeOf(join(root, path))]).toEqual([path, '600'])
  expect((await stat(join(root, '.releaser'))).mode & 0o077).toBe(0)
  const { pid } = (await answer(Number(/PORT="(\d+)"/.exec(await readFile(join(root, 'shared/env'), 'utf8'))?.[1]))) ?? {}
  if (pid !== undefined) process.kill(pid, 'SIGKILL')
})
