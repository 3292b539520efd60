// What a first deploy of a real tree costs over loopback, its verification included, as a multiple of the plain
// `tar c | zstd | ssh 'zstd -d | tar x'`; what a redeploy with three changed files sends; and the floor of every redeploy:
// copying, hashing and syncing the same tree on this disk. gzip takes zstd's place where it is missing.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

const RUNS = 5
const cli = new URL('../dist/cli.js', import.meta.url).pathname
const modules = new URL('../node_modules', import.meta.url).pathname

export const title = 'first deploy'

export async function measure() {
  const dir = mkdtempSync(join(tmpdir(), 'releaser-bench-'))
  const server = await startServer(dir)
  try {
    return await compare(dir, server)
  } finally {
    server.stop()
    rmSync(dir, { recursive: true, force: true })
  }
}

async function compare(dir, server) {
  const tree = join(dir, 'tree')
  cpSync(modules, tree, { recursive: true, verbatimSymlinks: true })
  const files = Number(shell(`find ${tree} -type f | wc -l`))
  const megabytes = Number(shell(`du -sb ${tree} | cut -f1`)) / 1e6
  const zip = spawnSync('zstd', ['--version']).status === 0 ? 'zstd -q' : 'gzip'
  const plain = []
  const ours = []
  let memory = 0
  for (let run = 0; run <= RUNS; run++) {
    const there = join(dir, `plain-${run}`)
    plain.push(timed(`tar c -C ${tree} . | ${zip} | ${server.ssh} 'mkdir ${there} && ${zip} -d | tar x -C ${there}'`))
    rmSync(there, { recursive: true })
    const project = prepareProject(dir, `run-${run}`, server)
    if (run === 0) releaser(project, 'pack', `dir=${tree}`, 'version=1.0.0')
    const begun = process.hrtime.bigint()
    memory = Math.max(memory, await deploy(project))
    ours.push(Number(process.hrtime.bigint() - begun) / 1e6)
    if (run < RUNS) rmSync(join(dir, `run-${run}`), { recursive: true })
  }
  const ratio = median(ours.slice(1)) / median(plain.slice(1))
  return [
    { what: 'the tree', is: `${files} files, ${megabytes.toFixed(0)} MB` },
    { what: `tar c | ${zip} | ssh`, is: `${median(plain.slice(1)).toFixed(0)} ms` },
    { what: 'releaser deploy', is: `${median(ours.slice(1)).toFixed(0)} ms` },
    { what: 'ratio', is: ratio.toFixed(2), limit: '1.50', kept: ratio <= 1.5 },
    { what: 'memory of the client', is: `${memory.toFixed(0)} MB`, limit: '200 MB', kept: memory < 200 },
    ...redeploy(dir, tree, server),
    ...floor(dir, tree),
  ]
}

function redeploy(dir, tree, server) {
  for (const name of ['a', 'b', 'c']) writeFileSync(join(tree, name), 'changed')
  const project = prepareProject(dir, `run-${RUNS}`, server)
  releaser(project, 'pack', `dir=${tree}`, 'version=1.1.0')
  const begun = process.hrtime.bigint()
  const { hosts } = JSON.parse(releaser(project, 'deploy', 'target=prod', '--yes', '--json').trim().split('\n').at(-1))
  const took = Number(process.hrtime.bigint() - begun) / 1e6
  const sent = hosts[0].sentBytes / 1e3
  return [
    { what: 'redeploy, 3 files changed', is: `${took.toFixed(0)} ms` },
    { what: 'bytes sent by it', is: `${sent.toFixed(1)} kB`, limit: '200 kB', kept: sent < 200 },
  ]
}

function floor(dir, tree) {
  const copy = join(dir, 'copy')
  return [
    { what: 'floor: cp -a', is: `${timed(`cp -a ${tree} ${copy}`).toFixed(0)} ms` },
    { what: 'floor: sha256sum of all', is: `${timed(`find ${copy} -type f -exec sha256sum {} + >/dev/null`).toFixed(0)} ms` },
    { what: 'floor: sync -f', is: `${timed(`sync -f ${copy}`).toFixed(0)} ms` },
  ]
}

/** All projects share one store, so that packing is done once. */
function prepareProject(dir, name, { port, key, knownHosts }) {
  const project = join(dir, name)
  mkdirSync(project, { recursive: true })
  const target = {
    hosts: [{ host: '127.0.0.1', port, user: userInfo().username }],
    path: join(project, 'host'),
    identity: key,
    knownHosts,
  }
  writeFileSync(
    join(project, 'releaser.config.json'),
    JSON.stringify({ app: 'bench', store: '../store', targets: { prod: target } }),
  )
  return project
}

function releaser(cwd, ...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`releaser ${args.join(' ')} ended with ${status}: ${stderr}`)
  return stdout
}

/** Deploys, and gives the most memory that the client held, in MB. */
async function deploy(cwd) {
  const child = spawn(process.execPath, [cli, 'deploy', 'target=prod', '--yes'], { cwd, stdio: 'ignore' })
  let most = 0
  const watch = setInterval(() => {
    most = Math.max(most, peakOf(child.pid))
  }, 25)
  const [status] = await once(child, 'exit')
  clearInterval(watch)
  if (status !== 0) throw new Error(`releaser deploy ended with ${status}`)
  return most
}

function peakOf(pid) {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1e3
  } catch {
    return 0
  }
}

function timed(line) {
  const start = process.hrtime.bigint()
  shell(line)
  return Number(process.hrtime.bigint() - start) / 1e6
}

function shell(line) {
  const { status, stdout, stderr } = spawnSync('sh', ['-c', line], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${line} ended with ${status}: ${stderr}`)
  return stdout
}

/** An OpenSSH server of our own for ourselves, on a free port of loopback. */
async function startServer(dir) {
  const key = join(dir, 'key')
  for (const file of [key, join(dir, 'host-key')]) shell(`ssh-keygen -q -t ed25519 -N '' -f ${file}`)
  const port = await freePort()
  const knownHosts = join(dir, 'known-hosts')
  writeFileSync(knownHosts, `[127.0.0.1]:${port} ${readFileSync(join(dir, 'host-key.pub'), 'utf8')}`)
  shell('mkdir -p /run/sshd || true')
  const options = ['UsePAM=no', 'StrictModes=no', 'PermitRootLogin=yes', 'PidFile=none', `AuthorizedKeysFile=${key}.pub`]
  const words = ['-D', '-f', '/dev/null', '-h', join(dir, 'host-key'), '-p', String(port), '-o', 'ListenAddress=127.0.0.1']
  const sshd = spawn('/usr/sbin/sshd', [...words, ...options.flatMap((option) => ['-o', option])], { stdio: 'ignore' })
  const ssh = `ssh -F none -o UserKnownHostsFile=${knownHosts} -o BatchMode=yes -i ${key} -p ${port} 127.0.0.1`
  for (let tries = 0; spawnSync('sh', ['-c', `${ssh} true`]).status !== 0; tries++)
    if (tries > 50) throw new Error('sshd does not answer')
  return { port, key, knownHosts, ssh, stop: () => sshd.kill() }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  return port
}

function median(times) {
  return times.toSorted((a, b) => a - b)[times.length >> 1]
}
