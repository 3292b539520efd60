import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { MACHINE } from '../../src/local/life.ts'
import { type CliResult, runCli } from '../support/cli.ts'
import { type Engines, startEngines, WAYS, type Way } from '../support/engines.ts'
import { startHosts } from '../support/hosts.ts'
import { project } from '../support/project.ts'
import { listTree } from '../support/tree.ts'
import { until } from '../support/until.ts'

const run = promisify(execFile)
const ALL = Object.keys(WAYS) as Way[]

// Engines take their time on a machine that has much to do.
vi.setConfig({ testTimeout: 180_000 })

let engines: Engines
beforeAll(async () => {
  engines = await startEngines()
})
afterAll(() => engines?.stop())

/** A Dockerfile as Deployer's: by its args, and with the release where Deployer looks for it. */
const DOCKERFILE = `
FROM scratch AS base
ADD root-fs.tar.gz /
ENV PATH=/bin

FROM base AS build
ARG deployer_name
ARG deployer_ts
LABEL \${deployer_name}-\${deployer_ts}=\${deployer_ts}
ARG RELEASER_APP
ARG RELEASER_VERSION
ARG RELEASER_GIT_REV
ARG word
ARG pause=0
ARG nonce
WORKDIR /app
COPY make.sh .
RUN sh make.sh "$deployer_name" "$RELEASER_APP|$RELEASER_VERSION|$RELEASER_GIT_REV|$word|$deployer_ts"
RUN echo working $nonce; i=0; while [ $i -lt $pause ]; do i=$((i + 1)); sleep 1; done; echo worked

FROM scratch
COPY --from=build /app /app
`
const MAKE = `set -e
rel=_build/prod/rel/$1
mkdir -p $rel/bin "$rel/a b" ../elsewhere
echo "$2" > $rel/args
echo run > $rel/bin/$1; chmod 755 $rel/bin/$1
echo secret > $rel/cookie; chmod 400 $rel/cookie
ln $rel/bin/$1 $rel/bin/twin
ln -s bin/$1 "$rel/a b/link"
chmod 555 "$rel/a b"
ln -s /app/$rel /app/newest
touch nothing; mkdir void
`

async function images(way: Way, builder: object = {}, files: Readonly<Record<string, string>> = {}): Promise<string> {
  const dir = await project({ Dockerfile: DOCKERFILE, 'make.sh': MAKE, ...files })
  await copyFile(engines.rootFs, join(dir, 'root-fs.tar.gz'))
  await configure(dir, way, builder)
  return dir
}

async function configure(dir: string, way: Way, builder: object): Promise<void> {
  const { engine, env } = WAYS[way]
  const image = { type: 'docker', engine, env, artifact: '/app/_build/prod/rel/shop', ...builder }
  const config = { app: 'shop', builders: { image }, targets: { prod: { hosts: ['h1'], path: '/srv/shop' } } }
  await writeFile(join(dir, 'releaser.config.json'), JSON.stringify(config))
}

const build = (dir: string, words: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<CliResult> =>
  runCli(['build', 'version=1.4.0', ...words], { cwd: dir, env: { ...engines.env, ...env } })

const failed = async (dir: string, env: Readonly<Record<string, string>> = {}) => {
  const { code, stderr } = await build(dir, ['--quiet'], env)
  return { code, stderr }
}

/** What a build may leave in its folder where it failed: nothing. */
async function stored(dir: string): Promise<readonly string[]> {
  const within = (path: string) => readdir(join(dir, '.releaser', path)).catch(() => [])
  const [temporary, releases] = await Promise.all([within('tmp'), within('releases/shop')])
  return [...temporary, ...releases]
}

/** The daemon ends a build shortly after its client. */
async function nothingLeft(): Promise<void> {
  let left: readonly string[] = []
  await until(async () => {
    left = await engines.leftovers()
    return left.length === 0
  }).catch(() => {})
  expect(left).toEqual([])
}

describe.each(ALL)('%s', (way) => {
  it('a Dockerfile as it is becomes a release', async () => {
    const strangers = await readdir(tmpdir())
    const dir = await images(way, { args: { word: 'a "b" $c' } })
    const { code, stdout, stderr } = await build(dir, ['--json', '--verbose'])
    expect(stderr).toBe('')
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(code).toBe(0)
    const said = events.filter(({ event }) => event === 'output').map(({ line }) => line)
    expect(said.filter((line) => /^(#\d+ [\d.]+ )?worked$/.test(line))).toHaveLength(1)
    expect(said.filter((line) => /\[warning\]/i.test(line))).toEqual([])
    const { id } = events.at(-1).release
    const out = join(dir, 'out')
    await mkdir(out)
    const [tarball = ''] = (await readdir(join(dir, '.releaser/releases/shop'))).filter((name) => name.startsWith(`${id}.tar`))
    await run('tar', ['-xf', join(dir, '.releaser/releases/shop', tarball), '-C', out])
    const ts = /\|(\d{14})\n$/.exec(await readFile(join(out, 'args'), 'utf8'))?.[1]
    expect(await listTree(out)).toEqual([
      'a b/ 755',
      'a b/link -> bin/shop',
      `args 644 shop|1.4.0||a "b" $c|${ts}\n`,
      'bin/ 755',
      'bin/shop 755 run\n',
      'bin/twin 755 run\n',
      'cookie 400 secret\n',
    ])
    await nothingLeft()
    expect(await readdir(join(dir, '.releaser/tmp'))).toEqual([])
    expect((await readdir(tmpdir())).filter((name) => /buildah|docker|podman/.test(name))).toEqual(
      strangers.filter((name) => /buildah|docker|podman/.test(name)),
    )
  })

  it('stopped anywhere, it leaves nothing', async () => {
    const dir = await images(way)
    for (const [number, { at, signal }] of MOMENTS[way].entries()) {
      await configure(dir, way, { args: { pause: '60', nonce: `${number}` } })
      const { code, stdout } = await interrupted(dir, at, signal)
      expect(`${at} ${signal}: ${code} ${JSON.parse(stdout.trim().split('\n').at(-1) ?? '').code}`).toBe(
        `${at} ${signal}: 130 INTERRUPTED`,
      )
      await nothingLeft()
      expect(await stored(dir)).toEqual([])
    }
  })
})

// Both of docker's ways end with its client.
describe.each(['docker, classic', 'podman', 'buildah'] as const)('%s', (way) => {
  it('killed, it is cleared by the next one', async () => {
    const dir = await images(way, { args: { pause: '60', nonce: '99' } })
    const { code } = await interrupted(dir, /working \d+"/, 'SIGKILL')
    expect(code).toBe(null)
    // Docker's client may end by itself, once it has something to say that nobody hears.
    if (WAYS[way].engine !== 'docker') expect(await engines.leftovers()).not.toEqual([])
    await configure(dir, way, {})
    const next = await build(dir, ['--quiet'])
    expect(next).toMatchObject({ code: 0, stderr: '' })
    await nothingLeft()
    expect(await readdir(join(dir, '.releaser/tmp'))).toEqual([])
  })
})

/** When to stop: by what the engine, or the build in it, has just said. A stopped build begins anew after its last whole step. */
const MOMENTS: { readonly [K in Way]: readonly { readonly at: RegExp; readonly signal: NodeJS.Signals }[] } = {
  'docker, classic': [
    { at: /"build","state":"start"/, signal: 'SIGTERM' },
    { at: /Step 14\//, signal: 'SIGTERM' },
    { at: /working \d+"/, signal: 'SIGINT' },
  ],
  'docker, BuildKit': [
    { at: /RUN sh make/, signal: 'SIGTERM' },
    { at: /working \d+"/, signal: 'SIGTERM' },
  ],
  podman: [
    { at: /STEP 2\//, signal: 'SIGTERM' },
    { at: /RUN sh make/, signal: 'SIGINT' },
    { at: /working \d+"/, signal: 'SIGTERM' },
  ],
  buildah: [
    { at: /RUN echo/, signal: 'SIGTERM' },
    { at: /working \d+"/, signal: 'SIGINT' },
  ],
}

/** A build that gets a signal once it has said something. */
async function interrupted(dir: string, at: RegExp, signal: NodeJS.Signals): Promise<CliResult> {
  let said = ''
  return runCli(['build', '--json', '--verbose'], {
    cwd: dir,
    env: engines.env,
    onStart: (child) => {
      const hear = (text: string): void => {
        said += text
        if (!at.test(said)) return
        child.stdout?.off('data', hear)
        child.kill(signal)
      }
      child.stdout?.on('data', hear)
    },
  })
}

it('of two builds at once both succeed, and neither takes the other’s for a dead one’s', async () => {
  for (const way of ['docker, BuildKit', 'podman'] as const) {
    const dir = await images(way, { args: { nonce: 'two' } })
    const both = await Promise.all([build(dir, ['--quiet']), build(dir, ['--quiet'])])
    expect(both.map(({ code, stderr }) => ({ code, stderr }))).toEqual([
      { code: 0, stderr: '' },
      { code: 0, stderr: '' },
    ])
  }
  await nothingLeft()
})

it.each(['docker, classic', 'podman'] as const)('for another processor: %s', async (way) => {
  // The classic builder forgets what it was asked for where a stage begins from scratch.
  const dir = await images(way, { artifact: '/app', platform: 'linux/arm64' })
  await writeFile(join(dir, 'Dockerfile'), 'FROM scratch\nCOPY make.sh /app/\n')
  expect(await build(dir, ['--quiet'])).toMatchObject({ code: 0, stderr: '' })
  await nothingLeft()
})

it('what is a dead build’s is removed, what is a living one’s stays', async () => {
  const dead = spawn('true')
  await once(dead, 'exit')
  const since = Math.floor(Date.now() / 1000)
  const marks = {
    dead: `${MACHINE}~${dead.pid}~1~${since}~aa`,
    elsewhere: `somewhere+else~1~1~${since}~bb`,
    old: `somewhere+else~1~1~${since - 90_000}~cc`,
  }
  const dir = await images('docker, classic')
  const env = { ...process.env, ...engines.env, DOCKER_BUILDKIT: '0' }
  onTestFinished(async () => {
    const words = 'docker rm $(docker ps -aq); docker rmi $(docker images -q left-*); buildah rm $(buildah containers -q)'
    await run('sh', ['-c', words], { env }).catch(() => {})
  })
  for (const [name, mark] of Object.entries(marks)) {
    const label = `releaser.build=${mark}`
    await writeFile(join(dir, 'Little'), `FROM scratch\nCOPY make.sh /${name}\n`)
    await run('docker', ['build', '-q', '--label', label, '-t', `left-${name}`, '-f', 'Little', '.'], { cwd: dir, env })
    await run('docker', ['create', '--network=none', '--label', label, `left-${name}`, name], { cwd: dir, env })
    await run('buildah', ['from', '--name', `left-${name}`, '--add-host', `releaser.build.${mark}:127.0.0.1`, 'scratch'], { env })
  }
  for (const way of ['docker, classic', 'buildah'] as const) {
    await configure(dir, way, {})
    expect(await build(dir, ['--quiet'])).toMatchObject({ code: 0, stderr: '' })
  }
  expect((await engines.leftovers()).map((line) => line.replace(/[0-9a-f]{12} /, ''))).toEqual([
    'docker container "elsewhere"',
    expect.stringMatching(/^marked image /),
    'docker image left-elsewhere',
    'podman container left-elsewhere',
  ])
})

describe('what went wrong is told', () => {
  it.each(ALL)('%s', async (way) => {
    const dir = await images(way)
    const told = async (file: string, builder: object = {}) => {
      await writeFile(join(dir, 'Dockerfile'), file)
      await configure(dir, way, builder)
      return failed(dir)
    }
    const base = 'FROM scratch\nADD root-fs.tar.gz /\nENV PATH=/bin\n'
    const step = await told(`${base}RUN echo why; exit 3\n`)
    expect(step.code).toBe(5)
    expect(step.stderr).toMatch(
      new RegExp(
        `^releaser: error: ${WAYS[way].engine}, for builder "image", at step \\d/\\d, RUN echo why; exit 3, ended with exit code \\d+:\\n`,
      ),
    )
    expect(step.stderr).toMatch(/^ +(?:#\d+ [\d.]+ )?why$/m)
    // Podman tries for long, by the same library as buildah.
    if (way !== 'podman') {
      const image = await told('FROM localhost:1/nobody/has-this:1\nRUN true\n')
      expect(image.stderr).toContain('see whether the image after FROM is called so')
    }
    const syntax = await told('FROM scratch\nCOPI a b\n')
    expect(syntax.stderr).toContain('mend that line of the Dockerfile')
    const missing = await told(`${base}RUN mkdir /void\n`, { artifact: 'not/there' })
    expect(missing).toMatchObject({ code: 5 })
    expect(missing.stderr).toContain('builder "image" made an image, but not its artifact /not/there: ')
    const empty = await told(`${base}RUN mkdir /void\n`, { artifact: 'void/' })
    expect(empty.stderr).toContain('builder "image" ended well, but its output /void is empty')
    await nothingLeft()
    expect(await stored(dir)).toEqual([])
  })

  it('a daemon that is down: told where docker was named, else the next engine builds', async () => {
    const dir = await images('docker, classic')
    const down = { DOCKER_HOST: `unix://${dir}/no.sock` }
    const { code, stderr } = await failed(dir, down)
    expect(code).toBe(5)
    expect(stderr).toMatch(/^releaser: error: builder "image" needs a container engine: docker does not answer: .*no\.sock.*\n/)
    expect(stderr).toContain('releaser: hint: see that it runs, and that you may use it: docker info\n')
    await configure(dir, 'podman', { engine: undefined })
    expect(await build(dir, ['--quiet'], down)).toMatchObject({ code: 0, stderr: '' })
  })
})

it('200 MB of output go by, and do not stay', async () => {
  const dir = await images('buildah')
  const line = 'x'.repeat(99)
  await writeFile(
    join(dir, 'Dockerfile'),
    `FROM scratch\nADD root-fs.tar.gz /\nENV PATH=/bin\nRUN yes ${line} | head -n 2000000; false\n`,
  )
  let peak = 0
  const looking = new AbortController()
  const { code, stderr } = await runCli(['build', '--quiet'], {
    cwd: dir,
    env: engines.env,
    onStart: (child) => void watchPeak(child.pid ?? 0, looking.signal, (kilobytes) => (peak = kilobytes)),
  })
  looking.abort()
  expect(code).toBe(5)
  expect(stderr).toContain(line)
  expect(peak).toBeGreaterThan(0)
  expect(peak).toBeLessThan(250_000)
})

/** The most memory that a process has had, which it tells as long as it lives. */
async function watchPeak(pid: number, signal: AbortSignal, tell: (kilobytes: number) => void): Promise<void> {
  while (!signal.aborted) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
    const peak = Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1])
    if (peak > 0) tell(peak)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

it('the template of init is built, deployed and run', async () => {
  const hosts = await startHosts(1)
  onTestFinished(() => hosts.stop())
  const [host] = hosts.hosts
  const system = 'releaser-test-system'
  const env = { ...process.env, ...engines.env }
  await run('docker', ['import', engines.rootFs, system], { env })
  const dir = await project()
  const call = (...words: string[]) => runCli([...words, '--quiet'], { cwd: dir, env: engines.env })
  const made = await call('init', 'template=docker', `host=127.0.0.1:${host.port}`, `user=${host.user}`, 'path=shop', 'name=shop')
  expect(made.stderr).toBe('')
  const file = join(dir, 'releaser.config.ts')
  const login = `path: 'shop', identity: '${hosts.identity}', knownHosts: '${hosts.knownHosts}'`
  const config = (await readFile(file, 'utf8')).replace('debian:bookworm-slim', system).replace("path: 'shop'", login)
  await writeFile(file, config)
  for (const words of [
    ['build', 'version=2.0.0'],
    ['deploy', 'target=prod', '--yes'],
  ])
    expect(await call(...words)).toMatchObject({ code: 0, stderr: '' })
  const { stdout } = await run(join(host.home, 'shop/current/bin/shop'))
  expect(stdout).toMatch(/^shop 2\.0\.0 runs on Linux /)
  await run('docker', ['rmi', system], { env })
  await nothingLeft()
})
