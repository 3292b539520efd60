import { readFile } from 'node:fs/promises'
import { request } from 'node:http'
import type { Laptop } from './laptop.ts'

/** A real app: it answers with its version and what it finds in its environment, and can go wrong in many ways. */
const SERVER = `
import { createServer } from 'node:http'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
const manner = readFileSync('manner.txt', 'utf8').trim()
if (manner === 'strays') process.chdir('../' + readdirSync('..').sort()[0])
const version = readFileSync('version.txt', 'utf8').trim()
console.log('starting', version, manner)
if (manner === 'refuses') { console.error('no such database'); process.exit(7) }
if (manner === 'crashes') setTimeout(() => { console.error('out of luck'); process.exit(9) }, 1600)
if (manner === 'crashes late') setTimeout(() => { console.error('out of memory'); process.exit(9) }, 3000)
if (manner === 'hangs' || manner === 'deaf') process.on('SIGTERM', () => console.log('what was that?'))
const port = Number(process.env.PORT) + (manner === 'elsewhere' ? 1 : 0)
createServer((request, response) => {
  if (manner === 'silent') return
  response.writeHead(manner === 'ill' || manner === 'hangs' ? 500 : 200)
  response.end(JSON.stringify({ version, word: process.env.WORD ?? null, pid: process.pid, cwd: process.cwd() }))
}).listen(port, '127.0.0.1')
if (manner === 'slow') {
  const later = (name, text, ms) => setTimeout(() => writeFileSync(process.env.RELEASER_PATH + '/shared/' + name, text), ms)
  later('pid', String(process.pid), 3000)
  later('said', version, 7000)
}
`

/** `strays`: it runs from the oldest release. `slow`: its process id and its version are written down some seconds after its start. */
export type Manner =
  | ('well' | 'refuses' | 'crashes' | 'crashes late' | 'deaf' | 'hangs')
  | ('elsewhere' | 'silent' | 'ill' | 'strays' | 'slow')

/** Builds a version of the app that behaves so; its id. */
export async function webRelease(mine: Laptop, version: string, manner: Manner = 'well'): Promise<string> {
  await mine.write({
    'app/server.mjs': SERVER,
    'app/version.txt': `${version}\n`,
    'app/manner.txt': manner,
    'app/package.json': JSON.stringify({ version }),
  })
  const { code, last, stderr } = await mine.call('build')
  if (code !== 0) throw new Error(stderr)
  return (last['release'] as { readonly id: string }).id
}

export const START = `exec ${process.execPath} server.mjs`

export interface Answered {
  readonly version: string
  readonly word: string | null
  readonly pid: number
  readonly cwd: string
}

/** What the app on this port says; null where nobody answers. */
export function answer(port: number): Promise<Answered | null> {
  return new Promise((resolve) => {
    const asking = request({ port, host: '127.0.0.1', agent: false, timeout: 2000 }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => (body += text))
      response.on('end', () => resolve(response.statusCode === 200 ? JSON.parse(body) : null))
    })
    asking.on('error', () => resolve(null)).on('timeout', () => asking.destroy())
    asking.end()
  })
}

/** What a process was told at its start, straight from the kernel. */
export async function environmentOf(pid: number): Promise<ReadonlyMap<string, string>> {
  const bytes = await readFile(`/proc/${pid}/environ`, 'utf8')
  return new Map(bytes.split('\0').map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]))
}
