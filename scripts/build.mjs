// Makes dist/ what src/ says, and puts it in place whole, so that nobody who runs it meets half of one.
//   node scripts/build.mjs              checks the types, builds
//   node scripts/build.mjs --no-check   builds only, and only where src/ has changed since
// vitest calls `setup` before the tests: they run dist/cli.js as people do. Types are the business of `npm run check`.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')

export function setup() {
  const source = hashOfSource()
  if (existsSync(join(dist, 'cli.js')) && hashOfBuild() === source) return
  build(source, ['--noCheck'])
}

function build(source, options) {
  const fresh = join(root, 'node_modules/.cache/releaser', `dist-${process.pid}`)
  const old = `${fresh}-old`
  try {
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', fresh, ...options], {
      cwd: root,
      stdio: ['ignore', 2, 2],
    })
    writeFileSync(join(fresh, '.source'), source)
    if (existsSync(dist)) renameSync(dist, old)
    renameSync(fresh, dist)
  } finally {
    for (const folder of [fresh, old]) rmSync(folder, { recursive: true, force: true })
  }
}

function hashOfBuild() {
  return existsSync(join(dist, '.source')) ? readFileSync(join(dist, '.source'), 'utf8') : undefined
}

function hashOfSource() {
  const hash = createHash('sha256')
  const files = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort()
  for (const path of [...paths, join(root, 'tsconfig.json'), join(root, 'tsconfig.build.json'), join(root, 'package-lock.json')])
    hash
      .update(`${path.slice(root.length)}\0`)
      .update(readFileSync(path))
      .update('\0')
  return hash.digest('hex')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    if (process.argv.includes('--no-check')) setup()
    else build(hashOfSource(), [])
  } catch (error) {
    // tsc has said what is wrong; only what is not from it needs telling.
    if (error.status === undefined) throw error
    process.exitCode = 1
  }
}
