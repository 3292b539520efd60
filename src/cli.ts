#!/usr/bin/env node
import { writeSync } from 'node:fs'
import { asFailure, ownVersion } from './commands/about.ts'
import { parseArguments } from './commands/args.ts'
import type { Command, Hall, Outcome } from './commands/command.ts'
import { mannerOf } from './commands/globals.ts'
import { COMMANDS } from './commands/table.ts'
import { ReleaserError } from './model/errors.ts'
import type { Discretion } from './ui/discretion.ts'
import type { Ui } from './ui/ui.ts'

/** Milliseconds that forgotten handles may keep the process alive once all is said. */
const GRACE = 500
/** Milliseconds that a signal waits for a safe end: CI kills ten seconds after it. */
const PATIENCE = 9500

const stopping = new AbortController()
/** What a SIGINT ends alone, the innermost last. */
const apart: AbortController[] = []
const argv = process.argv.slice(2)
const manner = mannerOf(argv)
const hall: Hall = { commands: COMMANDS, apart: doApart, help: async (command) => (await help(command))[1] }
/** What is shown nowhere; there is none before there is a terminal. */
let discretion: Discretion | undefined
/** All is said, and the exit code is what was said: a signal comes too late to change that. */
let ended = false

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop(signal))
for (const stream of [process.stdout, process.stderr]) stream.on('error', readerIsGone)
process.on('uncaughtException', crash)
process.on('unhandledRejection', crash)

process.exitCode = await main()
ended = true
// Node takes the handlers of signals away before it ends by itself, but not where it is told to: until the very end, no signal
// may make the exit code lie.
process.once('beforeExit', () => process.exit())
// Empty writes end when all before them have reached the reader; the timer counts only while something else lives.
await Promise.all(
  [process.stdout, process.stderr].map((stream) => new Promise<void>((resolve) => stream.write('', () => resolve()))),
)
setTimeout(() => process.exit(), GRACE).unref()

async function main(): Promise<number> {
  let command = argv.find((word) => Object.hasOwn(COMMANDS, word)) ?? 'releaser'
  try {
    const request = parseArguments(argv, COMMANDS)
    if (request.ask === 'version') return say('version', { version: ownVersion() }, ownVersion())
    if (request.ask === 'help') return say('help', ...(await help(request.command)))
    command = request.command.name
    const { run } = await request.command.load()
    const ui = await terminal()
    const { takeKeys } = await import('./commands/own-keys.ts')
    const keys = takeKeys(process.env)
    try {
      const outcome = await run({ command, ...request.words, ui, signal: stopping.signal, hall, keys })
      await ui.settle()
      return end(ui, command, outcome)
    } catch (error) {
      await ui.settle()
      return fail(ui, command, error)
    }
  } catch (error) {
    return fail(await terminal(), command, error)
  }
}

function fail(ui: Ui, command: string, error: unknown): number {
  const failure = asFailure(error, stopping.signal)
  ui.failure(command, failure)
  return failure.exitCode
}

function end(ui: Ui, command: string, outcome: Outcome): number {
  const exit = outcome.exit ?? 0
  ui.result(command, exit, outcome.result, outcome.text, outcome.picture)
  return exit
}

/** Words that need no terminal and so load none. */
function say(command: string, result: Readonly<Record<string, unknown>>, text: string): number {
  const line = manner.json ? JSON.stringify({ event: 'result', command, ok: true, exit: 0, ...result }) : text
  process.stdout.write(`${line}\n`)
  return 0
}

async function help(command: Command | undefined): Promise<[Readonly<Record<string, unknown>>, string]> {
  const { commandHelp, overview } = await import('./commands/help.ts')
  const text = command ? commandHelp(command) : overview()
  return [{ help: text }, text]
}

async function terminal() {
  const [{ createUi }, { createDiscretion }] = await Promise.all([import('./ui/create.ts'), import('./ui/discretion.ts')])
  const { stdin, stdout, stderr, env } = process
  discretion ??= createDiscretion()
  discretion.conceal(['RELEASER_KEY_PASSPHRASE', 'RELEASER_SSH_KEY'].flatMap((name) => env[name] ?? []))
  return createUi({ ...manner, stdin, stdout, stderr, env, discretion, signal: () => apart.at(-1)?.signal ?? stopping.signal })
}

/** The first signal asks the command to end in a safe state; the second, or too long a wait, ends the process as it is. */
function stop(signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP'): void {
  if (ended) return
  const inner = signal === 'SIGINT' ? apart.at(-1) : undefined
  const asked = inner ?? stopping
  if (asked.signal.aborted) stopAtOnce()
  if (!manner.quiet && signal !== 'SIGHUP') process.stderr.write('releaser: stopping safely; once more to stop at once\n')
  asked.abort(new ReleaserError('INTERRUPTED', `stopped by ${signal}`))
  if (!inner) setTimeout(stopAtOnce, PATIENCE).unref()
}

async function doApart<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const own = new AbortController()
  const withUs = (): void => own.abort(stopping.signal.reason)
  stopping.signal.addEventListener('abort', withUs, { once: true })
  apart.push(own)
  try {
    return await work(own.signal)
  } finally {
    apart.splice(apart.indexOf(own), 1)
    stopping.signal.removeEventListener('abort', withUs)
  }
}

/** What is not finished on a host by now, the host takes back by itself. */
function stopAtOnce(): never {
  const hint = 'a host that was being changed goes back by itself; see how they are: releaser status'
  crash(new ReleaserError('INTERRUPTED', 'stopped at once', { hint }))
}

/** Whoever read our output has left (`| head -1`, a closed terminal): there is nobody to tell, and no reason to break off. */
function readerIsGone(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE' && error.code !== 'EIO') crash(error)
}

function crash(error: unknown): never {
  restoreTerminal()
  const plain = asFailure(error, stopping.signal)
  const failure = discretion?.error(plain) ?? plain
  const { cause } = failure
  const stack = cause instanceof Error ? (cause.stack ?? '') : ''
  tellAtOnce(
    `${stack === '' ? '' : `${stack}\n`}releaser: error: ${failure.message}\n${failure.hint ? `releaser: hint: ${failure.hint}\n` : ''}`,
  )
  if (manner.json) {
    const { code, message, hint, exitCode: exit } = failure
    process.stdout.write(
      `${JSON.stringify({ event: 'error', command: null, ok: false, exit, code, message, hint: hint ?? null })}\n`,
    )
  }
  process.exit(failure.exitCode)
}

function restoreTerminal(): void {
  if (process.stdin.isTTY) process.stdin.setRawMode(false)
  if (process.stderr.isTTY) tellAtOnce('\u001b[?25h')
}

/** Past whoever holds back what is written while a list is on the screen. */
function tellAtOnce(text: string): void {
  try {
    writeSync(process.stderr.fd, text)
  } catch {
    // Nobody reads stderr any more, and the process is about to end.
  }
}
