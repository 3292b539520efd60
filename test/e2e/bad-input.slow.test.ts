import { cp, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Laptop, laptop } from '../support/laptop.ts'
import { listTree } from '../support/tree.ts'

/** Wrong input that needs no host: what is said, how it ends, and that the store is just as it was. */
interface Case {
  readonly what: string
  readonly words: readonly string[]
  readonly exit: number
  readonly code: string
  readonly message: string | RegExp
  readonly hint: string | RegExp
  readonly prepare?: (mine: Laptop) => Promise<unknown>
}

// Nothing listens there: whoever tries to connect ends with 3.
const PROD = { hosts: ['deploy@127.0.0.1:1'], path: '/srv/shop' }
const COPY = { type: 'command', clean: ['out'], run: 'cp -R app out', output: 'out' }
const CONFIG = 'releaser.config.json'

/** Holds one release, 1.0.0, of shop and one, 7.0.0, of admin. */
let template: Laptop
beforeAll(async () => {
  template = await laptop({ 'app/version.txt': '1', 'app/package.json': '{"version":"1.0.0"}' }, { keep: true })
  await template.configure({ prod: { ...PROD, app: 'shop' } }, { app: undefined, apps: { shop: {}, admin: {} } })
  const built = await template.call('build', 'app=shop')
  const packed = await template.call('pack', 'dir=app', 'app=admin', 'version=7.0.0')
  expect([built.code, packed.code]).toEqual([0, 0])
})
afterAll(() => rm(dirname(template.dir), { recursive: true, force: true }))

const configured = (config: object) => (mine: Laptop) => mine.write({ [CONFIG]: JSON.stringify(config) })
const builder = (more: object) => configured({ app: 'shop', builders: { copy: { ...COPY, ...more } }, targets: { prod: PROD } })
const stored = async (mine: Laptop, ending: RegExp): Promise<string> => {
  const dir = join(mine.dir, '.releaser/releases/shop')
  return join(dir, (await readdir(dir)).find((name) => ending.test(name)) ?? '')
}
const TARBALL = /\.tar\./
const deploy = ['deploy', 'target=prod', '--yes'] as const

const WORDS: readonly Case[] = [
  {
    what: 'an unknown command',
    words: ['deplyo', 'target=prod'],
    exit: 2,
    code: 'USAGE',
    message: 'unknown command "deplyo"',
    hint: 'did you mean "deploy"?',
  },
  {
    what: 'an unknown key',
    words: ['deploy', 'taget=prod'],
    exit: 2,
    code: 'USAGE',
    message: 'unknown argument "taget" for deploy',
    hint: 'did you mean target=?',
  },
  {
    what: 'an unknown flag',
    words: ['deploy', 'target=prod', '--forse'],
    exit: 2,
    code: 'USAGE',
    message: 'unknown argument "--forse" for deploy',
    hint: 'did you mean --force?',
  },
  {
    what: 'a target that is missing',
    words: ['deploy'],
    exit: 2,
    code: 'USAGE',
    message: 'deploy needs target=NAME',
    hint: 'for example: releaser deploy target=prod',
  },
  {
    what: 'a value without its key',
    words: ['deploy', 'prod'],
    exit: 2,
    code: 'USAGE',
    message: 'unexpected word "prod"',
    hint: 'did you mean target=prod?',
  },
  {
    what: 'an unknown target',
    words: ['deploy', 'target=prud'],
    exit: 2,
    code: 'USAGE',
    message: /there is no target "prud" in .*releaser\.config\.json/,
    hint: 'did you mean "prod"?',
  },
  {
    what: 'a pattern that fits no host',
    words: [...deploy, 'host=web*'],
    exit: 2,
    code: 'USAGE',
    message: 'no host fits host=web*',
    hint: 'there is: 127.0.0.1:1',
  },
  {
    what: 'a number that is none',
    words: ['prune', 'target=prod', 'keep=some'],
    exit: 2,
    code: 'USAGE',
    message: 'keep=some is not a number of releases',
    hint: 'at least one stays, for instance keep=5',
  },
  {
    what: 'a wait that is none',
    words: [...deploy, '--wait=soon'],
    exit: 2,
    code: 'USAGE',
    message: '--wait=soon is no duration',
    hint: 'write --wait=30s, --wait=10m or --wait=1h',
  },
  {
    what: 'a release of another app',
    words: [...deploy, 'release=7.0.0'],
    exit: 2,
    code: 'USAGE',
    message: /^release \d{14}-[0-9a-f]{8} is of admin, and this target deploys shop$/,
    hint: 'list what fits: releaser releases app=shop',
  },
  {
    what: 'init over a configuration',
    words: ['init', 'template=generic'],
    exit: 2,
    code: 'USAGE',
    message: /releaser\.config\.json is there already$/,
    hint: 'move releaser.config.json away first: there can be one configuration',
  },
]

const CONFIGS: readonly Case[] = [
  {
    what: 'no configuration',
    words: deploy,
    prepare: (mine) => rm(join(mine.dir, CONFIG)),
    exit: 2,
    code: 'CONFIG',
    message: /^no releaser\.config\.ts in \S+ or above it$/,
    hint: 'write one: releaser init',
  },
  {
    what: 'a configuration that is not there',
    words: [...deploy, '--config', 'other.ts'],
    exit: 2,
    code: 'CONFIG',
    message: /^no configuration at \S+other\.ts$/,
    hint: 'check --config, or write one: releaser init',
  },
  {
    what: 'broken JSON',
    words: deploy,
    prepare: (mine) => mine.write({ [CONFIG]: '{\n  "app": "shop",\n}\n' }),
    exit: 2,
    code: 'CONFIG',
    message: /releaser\.config\.json:3 is not valid JSON/,
    hint: 'mend the syntax at that line',
  },
  {
    what: 'broken TypeScript',
    words: deploy,
    prepare: async (mine) => {
      await rm(join(mine.dir, CONFIG))
      await mine.write({ 'releaser.config.ts': 'export default {\n  app: "shop\n}\n' })
    },
    exit: 2,
    code: 'CONFIG',
    message: /^syntax error at \S+releaser\.config\.ts:2/,
    hint: 'mend the syntax at that line',
  },
  {
    what: 'a configuration that throws',
    words: deploy,
    prepare: async (mine) => {
      await rm(join(mine.dir, CONFIG))
      await mine.write({ 'releaser.config.ts': '\nthrow new Error("no secret today")\n' })
    },
    exit: 2,
    code: 'CONFIG',
    message: /releaser\.config\.ts:2 failed while it was loaded: no secret today$/,
    hint: 'the configuration is a program: mend what it does at that place',
  },
  {
    what: 'two configurations',
    words: deploy,
    prepare: (mine) => mine.write({ 'releaser.config.ts': 'export default {}' }),
    exit: 2,
    code: 'CONFIG',
    message: /holds both releaser\.config\.ts and releaser\.config\.json$/,
    hint: 'keep one of them, or name it: --config releaser.config.ts',
  },
  {
    what: 'an unknown key in the configuration',
    words: deploy,
    prepare: configured({ app: 'shop', targets: { prod: { ...PROD, shard: {} } } }),
    exit: 2,
    code: 'CONFIG',
    message: /^targets\.prod\.shard is not a known key, in /,
    hint: 'did you mean "shared"?',
  },
  {
    what: 'a value of the wrong kind',
    words: deploy,
    prepare: configured({ app: 'shop', targets: { prod: { ...PROD, keep: 'all' } } }),
    exit: 2,
    code: 'CONFIG',
    message: /^targets\.prod\.keep must be a whole number of at least 1, not "all", in /,
    hint: /^mend it in \S+releaser\.config\.json$/,
  },
  {
    what: 'a target without a path',
    words: deploy,
    prepare: configured({ app: 'shop', targets: { prod: { hosts: PROD.hosts } } }),
    exit: 2,
    code: 'CONFIG',
    message: /targets\.prod\.path is missing/,
    hint: "write path: '/srv/shop'",
  },
]

const BUILDS: readonly Case[] = [
  {
    what: 'a build command that fails',
    words: ['build'],
    prepare: builder({ run: 'mkdir out; echo half >out/x; exit 3' }),
    exit: 5,
    code: 'BUILD',
    message: 'the command of builder "copy" ended with exit code 3',
    hint: 'nothing was stored; mend it and build again',
  },
  {
    what: 'a hook before the build that fails',
    words: ['build'],
    prepare: builder({ hooks: { 'pre-build': 'exit 4' } }),
    exit: 5,
    code: 'BUILD',
    message: 'the hook pre-build ended with exit code 4',
    hint: 'nothing was stored; mend it and build again',
  },
  {
    what: 'an output folder that is missing',
    words: ['build'],
    prepare: builder({ run: 'true' }),
    exit: 5,
    code: 'BUILD',
    message: 'builder "copy" ended well, but its output out does not exist',
    hint: 'let its command write there, or mend builders.copy.output',
  },
  {
    what: 'an output folder that is empty',
    words: ['build'],
    prepare: builder({ run: 'mkdir out' }),
    exit: 5,
    code: 'BUILD',
    message: 'builder "copy" ended well, but its output out is empty',
    hint: 'let its command write there, or mend builders.copy.output',
  },
  {
    what: 'a file name with a newline',
    words: ['build'],
    prepare: (mine) => writeFile(join(mine.dir, 'app/two\nlines'), ''),
    exit: 5,
    code: 'BUILD',
    message: 'the name of "two\\nlines" holds a control character',
    hint: 'rename it, or leave it out with exclude',
  },
  {
    what: 'a folder name with a tab',
    words: ['build'],
    prepare: (mine) => mine.write({ 'app/a\tb/c': '' }),
    exit: 5,
    code: 'BUILD',
    message: 'the name of "a\\tb" holds a control character',
    hint: 'rename it, or leave it out with exclude',
  },
  {
    what: 'a link that leads out',
    words: ['build'],
    prepare: (mine) => symlink('../../etc', join(mine.dir, 'app/etc')),
    exit: 5,
    code: 'BUILD',
    message: 'the link "etc" leads out of the folder, to "../../etc"',
    hint: 'list it under absoluteLinks if it is meant, or leave it out with exclude',
  },
  {
    what: 'a deploy with a build that fails',
    words: [...deploy, '--build'],
    prepare: builder({ run: 'exit 3' }),
    exit: 5,
    code: 'BUILD',
    message: 'the command of builder "copy" ended with exit code 3',
    hint: 'nothing was stored; mend it and build again',
  },
]

const STORES: readonly Case[] = [
  {
    what: 'an empty store',
    words: deploy,
    prepare: (mine) => rm(join(mine.dir, '.releaser'), { recursive: true }),
    exit: 9,
    code: 'NOT_FOUND',
    message: 'the store holds no releases of shop',
    hint: /^build first: releaser build/,
  },
  {
    what: 'an unknown release',
    words: [...deploy, 'release=1.0.1'],
    exit: 9,
    code: 'NOT_FOUND',
    message: 'no release "1.0.1"',
    hint: 'list what there is: releaser releases',
  },
  {
    what: 'a tarball that is gone',
    words: deploy,
    prepare: async (mine) => rm(await stored(mine, TARBALL)),
    exit: 11,
    code: 'INTEGRITY',
    message: /^the tarball \S+ is gone$/,
    hint: 'build shop 1.0.0 again, the same content takes its place; or use another release',
  },
  {
    what: 'a tarball that was cut short',
    words: deploy,
    prepare: async (mine) => truncate(await stored(mine, TARBALL), 100),
    exit: 11,
    code: 'INTEGRITY',
    message: /is damaged: it has 100 bytes and had \d+$/,
    hint: /^build shop 1\.0\.0 again/,
  },
  {
    what: 'a tarball with one bit turned',
    words: deploy,
    prepare: async (mine) => {
      const file = await stored(mine, TARBALL)
      const bytes = await readFile(file)
      bytes.writeUInt8(bytes.readUInt8(60) ^ 1, 60)
      await writeFile(file, bytes)
    },
    exit: 11,
    code: 'INTEGRITY',
    message: /is damaged: its sha256 is not what it was$/,
    hint: /^build shop 1\.0\.0 again/,
  },
  {
    what: 'a manifest that is damaged',
    words: deploy,
    prepare: async (mine) => truncate(await stored(mine, /\.manifest$/), 30),
    exit: 11,
    code: 'INTEGRITY',
    message: /^the manifest \S+ is damaged$/,
    hint: /^build shop 1\.0\.0 again/,
  },
]

describe.each([
  ['words', WORDS],
  ['configurations', CONFIGS],
  ['builds', BUILDS],
  ['stores', STORES],
])('wrong %s', (_, cases) => {
  it.each(cases)('$what ends with $exit', async ({ words, prepare, exit, code, message, hint }) => {
    const mine = await laptop()
    await cp(template.dir, mine.dir, { recursive: true })
    if (cases === BUILDS) await builder({})(mine)
    await prepare?.(mine)
    const store = join(mine.dir, '.releaser')
    const before = await listTree(store).catch(() => 'nothing')
    const answer = await mine.call(...words)
    expect({ code: answer.code, last: answer.last }).toMatchObject({
      code: exit,
      last: { event: 'error', ok: false, exit, code },
    })
    expect(answer.last['message']).toMatch(message)
    expect(answer.last['hint']).toMatch(hint)
    // In words it says the same, and no stack.
    expect(answer.stderr).toContain(`releaser: error: `)
    expect(answer.stderr).toContain(`releaser: hint: `)
    expect(answer.stderr).not.toMatch(/^\s+at /m)
    expect(await listTree(store).catch(() => 'nothing')).toEqual(before)
  })
})

it('a prefix that fits several releases lists them', async () => {
  const mine = await laptop()
  await cp(template.dir, mine.dir, { recursive: true })
  await mine.write({ 'app/version.txt': '2' })
  await mine.call('build', 'app=shop')
  const { last } = await mine.call('releases', 'app=shop')
  const ids = (last['releases'] as readonly { readonly id: string }[]).map(({ id }) => id)
  const answer = await mine.call(...deploy, `release=${ids[0]?.slice(0, 6)}`)
  expect(answer).toMatchObject({ code: 2, last: { code: 'USAGE' } })
  for (const id of ids) expect(`${answer.last['message']} ${answer.last['hint']}`).toContain(id)
})

it('what is damaged is mended by building it again', async () => {
  const mine = await laptop()
  await cp(template.dir, mine.dir, { recursive: true })
  await rm(await stored(mine, TARBALL))
  expect(await mine.call(...deploy)).toMatchObject({ code: 11 })
  expect((await mine.call('build', 'app=shop')).last).toMatchObject({ exit: 0, release: { version: '1.0.0' } })
  // All is well here: now it fails at the host, where nobody listens.
  expect(await mine.call(...deploy)).toMatchObject({ code: 3, last: { code: 'CONNECTION' } })
})
