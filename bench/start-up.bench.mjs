// How long a person waits for `releaser --version`, as a multiple of what Node itself takes to start.
import { spawnSync } from 'node:child_process'

const RUNS = 21
const cli = new URL('../dist/cli.js', import.meta.url).pathname

export const title = 'start-up'

export function measure() {
  const bare = []
  const version = []
  // In turns, so that whatever else the machine does falls on both alike; the first of each warms the disk's cache.
  for (let run = 0; run <= RUNS; run++) {
    bare.push(time('-e', '0'))
    version.push(time(cli, '--version'))
  }
  const [base, ours] = [median(bare.slice(1)), median(version.slice(1))]
  const ratio = ours / base
  return [
    { what: 'node -e 0', is: `${base.toFixed(0)} ms` },
    { what: 'releaser --version', is: `${ours.toFixed(0)} ms` },
    { what: 'ratio', is: ratio.toFixed(2), limit: '2.50', kept: ratio <= 2.5 },
  ]
}

function time(...args) {
  const start = process.hrtime.bigint()
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}: ${stderr}`)
  return Number(process.hrtime.bigint() - start) / 1e6
}

function median(times) {
  return times.toSorted((a, b) => a - b)[times.length >> 1]
}
