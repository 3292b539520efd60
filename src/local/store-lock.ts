import { randomBytes } from 'node:crypto'
import { constants, existsSync } from 'node:fs'
import { access, appendFile, open, readdir, rm, rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { ReleaserError } from '../model/errors.ts'
import { privateFolder } from './durable.ts'
import { birthOf, MACHINE } from './life.ts'
import { storePaths } from './store-paths.ts'

/** How long somebody waits for others who change the store. */
const PATIENCE_MS = 60_000
/** On another machine a process cannot be looked up: whoever waits or holds writes so often, and is dead after so long without. */
const SIGN_MS = 5_000
const SILENCE_MS = 60_000

/**
 * Runs `work` while no other process changes this store; it asks `held` before each lasting step. Fails with LOCKED (4) after
 * a minute, with BUILD (5) where the disk fails. Everybody draws a ticket, a file that names a living process, and the lowest
 * number goes first (Lamport's bakery). A lock that is taken over once its holder is dead lets two in when two find it dead;
 * the ticket of a dead process is in nobody's way, and removing it twice removes nobody else's.
 */
export async function withStoreLock<T>(dir: string, work: (held: () => void) => Promise<T>): Promise<T> {
  await writable(dir)
  const folder = storePaths(dir).lock
  const me = ['', randomBytes(8).toString('hex'), MACHINE, process.pid, birthOf(process.pid)].join('~')
  const mine = new Set<string>()
  const sign = setInterval(() => {
    for (const ticket of mine) appendFile(ticket, '.', { flag: 'r+' }).catch(() => {})
  }, SIGN_MS)
  try {
    const ticket = await draw(folder, me, mine)
    await myTurn(dir, folder, ticket)
    return await work(() => {
      if (!existsSync(join(folder, ticket)))
        throw new ReleaserError('LOCKED', `another releaser took over the store ${dir} meanwhile`, { hint: 'try again' })
    })
  } catch (cause) {
    if (cause instanceof ReleaserError || !(cause instanceof Error && 'syscall' in cause)) throw cause
    throw new ReleaserError('BUILD', `cannot write to the store: ${cause.message}; nothing was stored`, {
      cause,
      hint: `see whether its disk is full (df -h ${dir}), then run the same command again`,
    })
  } finally {
    clearInterval(sign)
    for (const ticket of mine) await rm(ticket, { force: true }).catch(() => {})
    await rmdir(folder).catch(() => {}) // others are still there
  }
}

/** Whether somebody who lives changes this store, or waits to. */
export async function isStoreLocked(dir: string): Promise<boolean> {
  const folder = storePaths(dir).lock
  const alive = await Promise.all((await names(folder)).map((name) => isAlive(folder, name)))
  return alive.some(Boolean)
}

/** While one draws a number it says so: nobody goes ahead before they know it. */
async function draw(folder: string, me: string, mine: Set<string>): Promise<string> {
  const drawing = await make(folder, `${DRAWING}${me}`, mine)
  const highest = Math.max(0, ...(await names(folder)).map((name) => Number(name.split('~', 1)[0]) || 0))
  const ticket = `${String(highest + 1).padStart(DRAWING.length, '0')}${me}`
  await make(folder, ticket, mine)
  await rm(drawing, { force: true })
  return ticket
}

/** Sorts before all numbers. */
const DRAWING = '#drawing#'

async function myTurn(dir: string, folder: string, ticket: string): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS
  for (;;) {
    // Twice, since a folder that changes may hide what moved while it was read: who drew meanwhile has a ticket by then.
    const all = new Set([...(await names(folder)), ...(await names(folder))])
    const before = [...all].filter((other) => other < ticket)
    const alive = await Promise.all(before.map((other) => isAlive(folder, other, ticket)))
    const first = before.find((_, index) => alive[index])
    for (const [index, other] of before.entries()) if (!alive[index]) await rm(join(folder, other), { force: true })
    if (first === undefined) return
    if (Date.now() > deadline)
      throw new ReleaserError('LOCKED', `another releaser is at work in the store ${dir}`, {
        hint: `wait for it, or end it: process ${first.split('~')[3]} of ${first.split('~')[2]?.split('+')[0]}`,
      })
    await pause(5 + Math.random() * 20)
  }
}

/** The folder goes with the last ticket: it may have to be made again. */
async function make(folder: string, name: string, mine: Set<string>): Promise<string> {
  const path = join(folder, name)
  for (let tries = 0; ; tries++) {
    try {
      // It can go between any two calls, and within this one as well.
      await privateFolder(folder)
      await (await open(path, 'wx', 0o600)).close()
      mine.add(path)
      return path
    } catch (error) {
      if (tries > 1000 || !(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    }
  }
}

async function isAlive(folder: string, name: string, mine?: string): Promise<boolean> {
  const [, , machine, pid, birth] = name.split('~')
  if (machine === MACHINE) return birthOf(Number(pid)) === birth
  const [theirs, ours] = await Promise.all([name, mine ?? '.'].map((one) => stat(join(folder, one)).catch(() => undefined)))
  // By the clock of the disk that both write to, never by those of two machines.
  return theirs !== undefined && (ours?.mtimeMs ?? 0) - theirs.mtimeMs < SILENCE_MS
}

async function names(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).sort()
}

async function writable(dir: string): Promise<void> {
  try {
    await privateFolder(dir)
    await access(dir, constants.W_OK)
  } catch (error) {
    const told = error instanceof Error ? error.message : String(error)
    throw new ReleaserError('CONFIG', `cannot write to the store: ${told}`, {
      cause: error,
      hint: `see who may write to ${dir}`,
    })
  }
}
