// What it costs to pack a tree of 5,000 files and 100 MB, as a multiple of the plain `tar c | zstd -3 -T2`: to read, hash,
// compress, check and store it within a process that has started (`pack`), and by all of `releaser build` with a build
// that does nothing. Where zstd is missing pigz takes its place, or else gzip. What a side has written is brought to the disk
// before the next begins, outside of all times: a pack brings its tarball there within its own, `tar c | zstd` does not, and its
// 20 MB would be written while the other side is measured. How much memory the compressor holds is looked up in the first run alone,
// which is not counted: looking takes a processor's time, and nobody looks at `tar c | zstd`.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const RUNS = 9
const FILES = 5000
const BYTES = 100_000_000
const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url))
const modules = fileURLToPath(new URL('../node_modules', import.meta.url))
const dist = new URL('../dist/', import.meta.url)

// Run in a process of its own each time, as a person's first pack is: `node -e PACK DIR STORE`.
const PACK = `
const [dir, storeDir] = process.argv.slice(1)
const { packTree } = await import('${new URL('local/pack.js', dist)}')
const { openStore } = await import('${new URL('local/store.js', dist)}')
const store = await openStore(storeDir)
const begun = process.hrtime.bigint()
const packed = await packTree({ dir, storeDir, app: 'bench' })
await store.add(packed, { app: 'bench', version: '1.0.0', tags: [], builder: null, git: null })
const took = Number(process.hrtime.bigint() - begun) / 1e6
console.log(JSON.stringify({ took, memory: process.resourceUsage().maxRSS / 1024 }))`

export const title = 'pack'

export async function measure() {
  const dir = mkdtempSync(join(tmpdir(), 'releaser-bench-'))
  try {
    return await compare(dir)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

async function compare(dir) {
  const tree = join(dir, 'tree')
  makeTree(tree)
  const zip = has('zstd') ? 'zstd -q -3 -T2' : has('pigz') ? 'pigz' : 'gzip'
  const runs = []
  // In turns, so that whatever else the machine does falls on all alike; the first of each warms the disk's cache.
  for (let run = 0; run <= RUNS; run++) {
    const plain = timed('sh', ['-c', `tar c -C ${tree} . | ${zip} >${join(dir, 'plain')}`])
    settle(join(dir, 'plain'))
    const { took, memory, child } = await pack(tree, join(dir, `store-${run}`), run === 0)
    const build = timed(process.execPath, [cli, 'build'], project(dir, tree, run))
    if (run > 0) for (const store of [`store-${run}`, `project-${run}`]) rmSync(join(dir, store), { recursive: true })
    runs.push({ plain, pack: took, build, memory, child })
  }
  const [{ child }, ...counted] = runs
  return rows(zip, counted, child)
}

/** Brings a file to the disk, and removes it. */
function settle(file) {
  const fd = openSync(file)
  fsyncSync(fd)
  closeSync(fd)
  rmSync(file)
}

/** A folder whose config builds nothing and releases the tree; its store lies in it. */
function project(dir, tree, run) {
  const folder = join(dir, `project-${run}`)
  mkdirSync(folder)
  const config = { app: 'bench', store: 'store', builders: { none: { type: 'command', run: 'true', output: tree } }, targets: {} }
  writeFileSync(join(folder, 'releaser.config.json'), JSON.stringify(config))
  return folder
}

function rows(zip, runs, child) {
  const of = (name) => runs.map((run) => run[name])
  const ratio = (name) => Math.min(...of(name)) / Math.min(...of('plain'))
  const pairs = (name) => median(runs.map((run) => run[name] / run.plain))
  const memory = Math.max(...of('memory'))
  return [
    { what: 'the tree', is: `${FILES} files, ${BYTES / 1e6} MB` },
    { what: `tar c | ${zip}`, is: shown(of('plain')) },
    { what: 'pack, without Node starting', is: shown(of('pack')) },
    { what: 'releaser build, with it', is: shown(of('build')) },
    // Whatever else the machine does only adds to a time: what the best of each say is judged.
    { what: 'ratio of pack, at best', is: ratio('pack').toFixed(2), limit: '1.50', kept: ratio('pack') <= 1.5 },
    { what: 'ratio of pack, pair by pair', is: pairs('pack').toFixed(2) },
    { what: 'ratio of releaser build, at best', is: ratio('build').toFixed(2) },
    { what: 'memory of pack', is: `${memory.toFixed(0)} MB`, limit: '150 MB', kept: memory < 150 },
    { what: 'memory of its compressor', is: `${child.toFixed(0)} MB` },
  ]
}

function shown(times) {
  return `${median(times).toFixed(0)} ms (at best ${Math.min(...times).toFixed(0)})`
}

/** The text of node_modules, over and over, cut into as many files as are wanted: most are small, ten have 3 MB. */
function makeTree(tree) {
  const text = Buffer.concat(smallFiles(modules).map((path) => readFileSync(path)))
  const weights = Array.from({ length: FILES }, (_, index) => (index % 500 === 0 ? 20_000 : 1 + (index % 97) ** 2 / 50))
  const unit = BYTES / weights.reduce((sum, weight) => sum + weight, 0)
  let end = 0
  for (const [index, weight] of weights.entries()) {
    const begin = Math.floor(end)
    end = index === FILES - 1 ? BYTES : end + weight * unit
    const folder = join(tree, `lib-${index % 20}`, `module-${index % 500}`)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, `file-${index}.js`), piece(text, begin, Math.floor(end)))
  }
}

function piece(text, begin, end) {
  const from = begin % text.length
  const to = from + end - begin
  return to <= text.length ? text.subarray(from, to) : Buffer.concat([text.subarray(from), text.subarray(0, to - text.length)])
}

function smallFiles(dir) {
  const entries = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const paths = entries.map((entry) => join(entry.parentPath, entry.name)).sort()
  return paths.filter((path) => statSync(path).size <= 1 << 20)
}

/** Packs in a process of its own; gives how long it took, in ms, the most memory it held and, if it is watched, its compressor did, in MB. */
async function pack(tree, store, watched) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', PACK, tree, store], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', (chunk) => {
    said += chunk
  })
  let most = 0
  const look = () => {
    for (const pid of childrenOf(child.pid)) most = Math.max(most, peakOf(pid))
  }
  const watch = watched ? setInterval(look, 25) : undefined
  const [status] = await once(child, 'close')
  clearInterval(watch)
  if (status !== 0) throw new Error(`packing ended with ${status}`)
  return { ...JSON.parse(said), child: most }
}

function childrenOf(pid) {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) => words(`/proc/${pid}/task/${task}/children`))
  } catch {
    return []
  }
}

function words(file) {
  return readFileSync(file, 'utf8').split(' ').filter(Boolean)
}

function peakOf(pid) {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024
  } catch {
    return 0
  }
}

function has(program) {
  return spawnSync(program, ['--version']).status === 0
}

function timed(program, args, cwd) {
  const start = process.hrtime.bigint()
  const { status, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${stderr}`)
  return Number(process.hrtime.bigint() - start) / 1e6
}

function median(times) {
  return times.toSorted((a, b) => a - b)[times.length >> 1]
}
