// Makes dist/ what src/ says, and puts it in place whole, so that nobody who runs it meets half of one.
//   node scripts/build.mjs              checks the types, builds
//   node scripts/build.mjs --no-check   builds only, and only where src/ has changed since
// The command line is one bundle beside the modules: a start reads a dozen files instead of two hundred, in three quarters of the time.
// vitest calls `setup` before the tests: they run dist/cli.js as people do. Types are the business of `npm run check`.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')

/** Packages that go into the bundle; the others are read where npm has put them. A start reads nearly all of zod, which is many files. */
const INSIDE = ['zod']

export async function setup() {
  const source = hashOfSource()
  if (existsSync(join(dist, 'cli.js')) && hashOfBuild() === source) return
  await build(source, ['--noCheck'])
}

async function build(source, options) {
  const fresh = join(root, 'node_modules/.cache/releaser', `dist-${process.pid}`)
  const old = `${fresh}-old`
  try {
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', fresh, ...options], {
      cwd: root,
      stdio: ['ignore', 2, 2],
    })
    await bundle(fresh)
    writeFileSync(join(fresh, '.source'), source)
    if (existsSync(dist)) renameSync(dist, old)
    renameSync(fresh, dist)
  } finally {
    for (const folder of [fresh, old]) rmSync(folder, { recursive: true, force: true })
  }
}

/** What `cli.js` needs, as few files in bundle/: as deep as the rooms, so that templates lie where the modules look for them. */
async function bundle(fresh) {
  const inside = (id) => /^[./]/.test(id) || INSIDE.some((name) => id === name || id.startsWith(`${name}/`))
  const made = await rolldown({ input: join(fresh, 'cli.js'), external: (id) => !inside(id), platform: 'node', logLevel: 'warn' })
  await made.write({ dir: join(fresh, 'bundle') })
  await made.close()
  for (const name of INSIDE)
    copyFileSync(join(root, 'node_modules', name, 'LICENSE'), join(fresh, 'bundle', `LICENSE-${name}.txt`))
  writeFileSync(join(fresh, 'cli.js'), "#!/usr/bin/env node\nimport './bundle/cli.js'\n")
}

function hashOfBuild() {
  return existsSync(join(dist, '.source')) ? readFileSync(join(dist, '.source'), 'utf8') : undefined
}

function hashOfSource() {
  const hash = createHash('sha256')
  const files = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort()
  for (const path of [
    ...paths,
    join(root, 'tsconfig.json'),
    join(root, 'tsconfig.build.json'),
    join(root, 'package-lock.json'),
    join(root, 'scripts/build.mjs'),
  ])
    hash
      .update(`${path.slice(root.length)}\0`)
      .update(readFileSync(path))
      .update('\0')
  return hash.digest('hex')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    if (process.argv.includes('--no-check')) await setup()
    else await build(hashOfSource(), [])
  } catch (error) {
    // tsc has said what is wrong; only what is not from it needs telling.
    if (error.status === undefined) throw error
    process.exitCode = 1
  }
}
