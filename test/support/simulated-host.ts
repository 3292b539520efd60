import { PassThrough } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { type LineReader, lineReader } from '../../src/remote/lines.ts'
import type { Channel, Connect, Exit, Remote } from '../../src/remote/remote.ts'
import { TOOLS } from './facts.ts'

/** What many simulated hosts were asked for, and how much of it at once. */
export interface Meter {
  readonly connects: Gauge
  /** Asked how they are. */
  readonly asks: Gauge
  readonly uploads: Gauge
  /** From the word to switch until the host waits to be confirmed. */
  readonly switches: Gauge
  readonly confirms: Gauge
  readonly lines: Gauge
  bytes: number
}

/** How often something began, how much of it was under way at most, and who, in the order of their beginning and of their end. */
export interface Gauge {
  now: number
  most: number
  readonly began: string[]
  readonly ended: string[]
}

export function newMeter(): Meter {
  const gauge = (): Gauge => ({ now: 0, most: 0, began: [], ended: [] })
  return { connects: gauge(), asks: gauge(), uploads: gauge(), switches: gauge(), confirms: gauge(), lines: gauge(), bytes: 0 }
}

function begin(gauge: Gauge, who: string): () => void {
  gauge.began.push(who)
  gauge.most = Math.max(gauge.most, ++gauge.now)
  return () => {
    gauge.ended.push(who)
    gauge.now--
  }
}

/** No host at all: it remembers in memory what an agent keeps on a disk. */
interface Memory {
  readonly name: string
  readonly path: string
  identity: string | null
  seq: number
  current: string | null
  readonly dirs: Set<string>
  readonly manifests: Set<string>
  state: readonly string[]
  readonly history: string[]
  /** The transaction that is open, and what its end waits for. */
  open: { readonly transaction: string; readonly confirm: () => void } | null
}

/**
 * Lines to a stand-in for a host: a `Remote` that answers from memory, each time after `ms` milliseconds. It speaks the agent's language as far as a plain deploy
 * needs it (`status`, `run`, `receive`, `confirm`), and carries nothing out.
 */
export function simulatedHost(
  name: string,
  path: string,
  meter: Meter,
  ms: number,
): { readonly connect: Connect; serves(): string | null } {
  const memory: Memory = {
    name,
    path,
    identity: null,
    seq: 0,
    current: null,
    dirs: new Set(),
    manifests: new Set(),
    state: [],
    history: [],
    open: null,
  }
  const connect = async (): Promise<Remote> => {
    const connected = begin(meter.connects, name)
    await pause(ms)
    connected()
    return simulatedRemote(memory, meter, ms)
  }
  return { connect, serves: () => memory.current }
}

function simulatedRemote(memory: Memory, meter: Meter, ms: number): Remote {
  const over = begin(meter.lines, memory.name)
  let end: () => void = () => {}
  const closed = new Promise<void>((resolve) => {
    end = resolve
  })
  return {
    exec: async () => simulatedChannel(async (heard, tell) => answer(heard, tell, memory, meter, ms)),
    forward: async () => ({ refused: 'nobody', says: 'nothing listens in memory' }),
    sentBytes: () => meter.bytes,
    closed,
    close: async () => {
      over()
      end()
    },
  }
}

type Tell = (line: string) => void

function simulatedChannel(act: (heard: LineReader, tell: Tell) => Promise<void>): Channel {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
  const exit = act(lineReader(stdin), (line) => void stdout.write(`${line}\n`)).then(
    (): Exit => ({ code: 0, signal: null }),
    (error: unknown): Exit => {
      stderr.write(String(error))
      return { code: 1, signal: null }
    },
  )
  void exit.then(() => stdout.end())
  return { stdin, stdout, stderr, exit, resize: () => {}, destroy: () => void stdout.destroy() }
}

async function answer(heard: LineReader, tell: Tell, memory: Memory, meter: Meter, ms: number): Promise<void> {
  const [nonce, , , verb] = await linesTo(heard, 4)
  const talk: Talk = { heard, tell, memory, meter, wait: () => pause(ms) }
  await talk.wait()
  tell(`releaser ${nonce} ready`)
  await VERBS[verb ?? '']?.(talk)
}

interface Talk {
  readonly heard: LineReader
  readonly tell: Tell
  readonly memory: Memory
  readonly meter: Meter
  readonly wait: () => Promise<void>
}

const VERBS: Readonly<Record<string, (talk: Talk) => Promise<void>>> = { status, run, receive, confirm }

async function status({ tell, memory, meter, wait }: Talk): Promise<void> {
  const said = begin(meter.asks, memory.name)
  await wait()
  const rows = [
    ['root', memory.path],
    ['exists', 'yes'],
    ['writable', 'yes'],
    ...(memory.identity === null
      ? []
      : [
          ['format', '1'],
          ['identity', memory.identity],
        ]),
    ['seq', String(memory.seq)],
    ['time', '1790000000'],
    ['system', 'Linux x86_64'],
    ['user', 'deploy', '1000'],
    ...[...TOOLS, 'zstd'].map((tool) => ['tool', tool]),
    ['disk', '1000000000', '/srv'],
    ['current', ...(memory.current === null ? [] : ['link', `releases/${memory.current}`])],
    ...[...memory.dirs].map((dir) => ['dir', dir]),
    ...[...memory.manifests].map((id) => ['manifest', id]),
    ...memory.state.map((line) => ['state', line]),
    ...(memory.open ? [['unsettled', memory.open.transaction]] : []),
    ...memory.history.map((line) => ['history', line]),
    ['end'],
  ].filter(([key, value]) => key === 'end' || value !== undefined)
  for (const row of rows) tell(row.join('\t'))
  said()
}

async function run({ heard, tell, memory, meter, wait }: Talk): Promise<void> {
  const [transaction = '', , ...plan] = await linesUntil(heard, 'end')
  const field = (key: string) => plan.find((line) => line.startsWith(`${key}\t`))?.slice(key.length + 1) ?? ''
  if (memory.open) return tell('@\tend\tlocked')
  if (Number(field('seq')) !== memory.seq) return tell('@\tend\tmoved')
  const confirmed = new Promise<string>((resolve) => {
    memory.open = { transaction, confirm: () => resolve('go confirmed') }
  })
  memory.seq++
  memory.identity = `${field('app')}\t${field('target')}`
  tell('@\tlocked')
  let switched: () => void = () => {}
  const steps = plan.filter((line) => line.startsWith('step\t')).map((line) => line.split('\t').slice(1))
  for (const [index, [kind = '', one = '', two = '']] of steps.entries()) {
    tell(`@\tstart\t${index + 1}`)
    const word = kind === 'receive' ? 'received' : kind === 'await' ? one : kind === 'confirm' && one !== '0' ? 'confirm' : null
    if (word !== null) {
      if (kind === 'confirm') switched()
      tell(`@\twait\t${word}`)
      if ((await (kind === 'confirm' ? Promise.race([confirmed, goOrBack(heard)]) : goOrBack(heard))) === 'back') {
        memory.open = null
        tell(`@\tfailed\t${index + 1}\tback`)
        return tell('@\tend\tunchanged\tback')
      }
      if (word === 'activate') switched = begin(meter.switches, memory.name)
    }
    if (kind === 'publish') memory.dirs.add(two)
    if (kind === 'publish') memory.manifests.add(one)
    if (kind === 'activate') memory.current = one
    await wait()
    tell(`@\tok\t${index + 1}`)
  }
  memory.state = plan.filter((line) => line.startsWith('next\t')).map((line) => line.slice('next\t'.length))
  const words = [transaction, field('action'), field('release'), field('previous'), field('by'), field('where'), 'ok', '1', '']
  memory.history.push(['1790000000', ...words].join('\t'))
  memory.open = null
  tell('@\tend\tdone')
}

/** The next word that counts: beats are none. */
async function goOrBack(heard: LineReader): Promise<string> {
  for (let line = await heard.next(); line !== null; line = await heard.next()) if (line !== 'beat') return line
  return 'back'
}

async function receive({ heard, tell, memory, meter, wait }: Talk): Promise<void> {
  const [, , base, , , length] = await linesUntil(heard, 'end')
  tell('@\tmanifest')
  const bytes = heard.rest()
  let head = Buffer.alloc(0)
  let sending: (() => void) | undefined
  for await (const chunk of bytes) {
    meter.bytes += chunk.length
    if (sending) continue
    head = Buffer.concat([head, chunk])
    if (head.length < Number(length)) continue
    if (base !== '-') return tell('@\tend\tmismatch')
    const entries = gunzipSync(head.subarray(0, Number(length)))
      .toString()
      .split('\n')
      .filter((line) => line.startsWith('+'))
    await wait()
    sending = begin(meter.uploads, memory.name)
    tell(`need\t1-${entries.length}`)
    tell('@\tsend')
  }
  await wait()
  sending?.()
  tell('@\tend\tverified')
}

async function confirm({ heard, tell, memory, meter, wait }: Talk): Promise<void> {
  const said = begin(meter.confirms, memory.name)
  const transaction = await heard.next()
  await wait()
  const right = memory.open?.transaction === transaction
  if (right) memory.open?.confirm()
  tell(`@\tend\t${right ? 'confirmed' : 'late'}`)
  said()
}

async function linesTo(heard: LineReader, count: number): Promise<readonly string[]> {
  const lines: string[] = []
  while (lines.length < count) lines.push((await heard.next()) ?? '')
  return lines
}

async function linesUntil(heard: LineReader, last: string): Promise<readonly string[]> {
  const lines: string[] = []
  for (let line = await heard.next(); line !== null && line !== last; line = await heard.next()) lines.push(line)
  return lines
}
