import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'

/** A real browser without a window, told what to do over a pipe. */
export interface Browser {
  /** Opens a file as somebody does whose screen is so wide and who likes it so. */
  open(
    file: string,
    options: { readonly width: number; readonly scheme: 'light' | 'dark'; readonly media?: 'print' },
  ): Promise<Page>
  close(): Promise<void>
}

export interface Page {
  /** What a question of in-page.js is answered there; null where nothing is. */
  ask(question: string): Promise<unknown>
  /** What it asked of the network or of the disk, the page itself left out. */
  readonly requests: readonly string[]
  /** What the browser complained about. */
  readonly complaints: readonly string[]
  /** A PNG of the whole page. */
  picture(file: string): Promise<void>
}

const QUESTIONS = new URL('in-page.js', import.meta.url)

type Json = Readonly<Record<string, unknown>>

export async function startBrowser(): Promise<Browser> {
  const home = await mkdtemp(join(tmpdir(), 'releaser-browser-'))
  // Root has no sandbox of chromium's; the page is our own, and nobody else's is opened.
  const words = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking']
  const child = spawn('chromium-headless-shell', [...words, '--remote-debugging-pipe', `--user-data-dir=${home}`], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    env: { ...process.env, HOME: home, TMPDIR: home },
  })
  const line = speak(child)
  return {
    async open(file, { width, scheme, media }) {
      const { targetId } = await line.call('Target.createTarget', { url: 'about:blank' })
      const { sessionId } = await line.call('Target.attachToTarget', { targetId, flatten: true })
      const session = String(sessionId)
      const call = (method: string, params: Json = {}) => line.call(method, params, session)
      const requests: string[] = []
      const complaints: string[] = []
      let loaded: () => void = () => {}
      const loading = new Promise<void>((resolve) => {
        loaded = resolve
      })
      const url = `file://${file}`
      line.listen(session, (method, params) => {
        const { request, entry, exceptionDetails, args } = params as Readonly<Record<string, Json | undefined>>
        if (method === 'Network.requestWillBeSent' && request?.['url'] !== url) requests.push(String(request?.['url']))
        if (method === 'Log.entryAdded') complaints.push(String(entry?.['text']))
        if (method === 'Runtime.exceptionThrown') complaints.push(String(exceptionDetails?.['text']))
        if (method === 'Runtime.consoleAPICalled') complaints.push(JSON.stringify(args))
        if (method === 'Page.loadEventFired') loaded()
      })
      for (const domain of ['Page', 'Runtime', 'Network', 'Log']) await call(`${domain}.enable`)
      const features = [{ name: 'prefers-color-scheme', value: scheme }]
      await call('Emulation.setEmulatedMedia', { media: media ?? '', features })
      await call('Emulation.setDeviceMetricsOverride', { width, height: 800, deviceScaleFactor: 1, mobile: width < 500 })
      await call('Page.navigate', { url })
      await loading
      await call('Runtime.evaluate', { expression: await readFile(QUESTIONS, 'utf8') })
      return {
        requests,
        complaints,
        async ask(question) {
          const expression = `inPage.${question}()`
          const { result, exceptionDetails } = await call('Runtime.evaluate', {
            expression,
            returnByValue: true,
            awaitPromise: true,
          })
          if (exceptionDetails) throw new Error(`in the page: ${JSON.stringify(exceptionDetails)}`)
          return (result as Json)['value']
        },
        async picture(path) {
          const { data } = await call('Page.captureScreenshot', { captureBeyondViewport: true })
          await writeFile(path, Buffer.from(String(data), 'base64'))
        },
      }
    },
    async close() {
      await line.call('Browser.close').catch(() => {})
      await line.ended
      await rm(home, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** The DevTools protocol: JSON and a NUL each, by numbered questions and answers, with events in between. */
function speak(child: ChildProcess) {
  const [, , , input, output] = child.stdio as unknown as [null, null, null, Writable, Readable]
  const waiting = new Map<number, { resolve(result: Json): void; reject(error: Error): void }>()
  const listeners = new Map<string, (method: string, params: Json) => void>()
  let number = 0
  let rest = ''
  output.setEncoding('utf8').on('data', (chunk: string) => {
    const messages = (rest + chunk).split('\0')
    rest = messages.pop() ?? ''
    for (const message of messages) {
      const { id, result, error, method, params, sessionId } = JSON.parse(message)
      if (id === undefined) listeners.get(sessionId)?.(method, params)
      else if (error) waiting.get(id)?.reject(new Error(error.message))
      else waiting.get(id)?.resolve(result)
    }
  })
  input.on('error', () => {})
  const ended = new Promise<void>((resolve) => {
    const end = (why: Error): void => {
      for (const { reject } of waiting.values()) reject(why)
      resolve()
    }
    child.on('error', end).on('close', () => end(new Error('the browser has ended')))
  })
  return {
    ended,
    listen: (session: string, heard: (method: string, params: Json) => void) => void listeners.set(session, heard),
    call: (method: string, params: Json = {}, sessionId?: string) =>
      new Promise<Json>((resolve, reject) => {
        waiting.set(++number, { resolve, reject })
        input.write(`${JSON.stringify({ id: number, method, params, sessionId })}\0`)
      }),
  }
}
