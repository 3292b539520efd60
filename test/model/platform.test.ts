import { readFileSync, realpathSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodePlatform, encodePlatform, fitsHost, platformOf } from '../../src/model/platform.ts'
import { foreign } from '../support/programs.ts'

const head = (file: string) => readFileSync(realpathSync(file)).subarray(0, 4096)
const words = (...platforms: readonly string[]) => platforms.map(decodePlatform)

test('programs tell what they were built for', () => {
  const shell = head('/bin/sh')
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64'
  expect(platformOf(shell)).toEqual({ machine, libc: 'glibc' })
  expect(platformOf(foreign(shell, { libc: 'musl' }))).toEqual({ machine, libc: 'musl' })
  expect(platformOf(foreign(shell, { machine: 243 }))).toEqual({ machine: 'riscv64', libc: 'glibc' })
  // Linked statically: any C library will do.
  expect(platformOf(head('/bin/busybox'))).toEqual({ machine, libc: null })
})

test('what is no program, is cut, or is for a machine that nobody knows, tells nothing', () => {
  const shell = head('/bin/sh')
  expect(platformOf(Buffer.from('#!/bin/sh\n'.repeat(20)))).toBe(null)
  expect(platformOf(shell.subarray(0, 40))).toBe(null)
  expect(platformOf(Buffer.alloc(0))).toBe(null)
  expect(platformOf(foreign(shell, { machine: 9999 }))).toBe(null)
})

test('nothing that is random makes it fail', () => {
  const shell = head('/bin/sh').subarray(0, 512)
  const byte = fc.tuple(fc.integer({ min: 4, max: 100 }), fc.integer({ min: 0, max: 255 }))
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 8 }), fc.integer({ min: 0, max: 512 }), (changes, length) => {
      const noise = Buffer.from(shell.subarray(0, length))
      for (const [at, value] of changes) if (at < length) noise[at] = value
      expect(() => platformOf(noise)).not.toThrow()
    }),
    { numRuns: 5000 },
  )
})

test('a platform is one word', () => {
  for (const platform of [
    { machine: 'x86_64', libc: 'musl' },
    { machine: 'arm', libc: null },
  ] as const)
    expect(decodePlatform(encodePlatform(platform))).toEqual(platform)
})

test.each<[string, boolean, readonly string[], string, readonly ('glibc' | 'musl')[]]>([
  ['the same', true, ['x86_64/glibc'], 'Linux x86_64', ['glibc']],
  ['another machine', false, ['aarch64/glibc'], 'Linux x86_64', ['glibc']],
  ['another C library', false, ['x86_64/musl'], 'Linux x86_64', ['glibc']],
  ['a host with both', true, ['x86_64/musl'], 'Linux x86_64', ['musl', 'glibc']],
  ['a static program', true, ['x86_64/-'], 'Linux x86_64', ['musl']],
  ['one of several fits', true, ['aarch64/glibc', 'x86_64/glibc', 'x86_64/musl'], 'Linux x86_64', ['glibc']],
  ['none of several fits', false, ['aarch64/glibc', 'x86_64/musl'], 'Linux x86_64', ['glibc']],
  ['32 bits on 64', true, ['i386/glibc'], 'Linux x86_64', ['glibc']],
  ['no program', true, [], 'Linux x86_64', ['glibc']],
  ['a host that does not say', true, ['x86_64/musl'], 'Linux x86_64', []],
  ['a system that is not judged', true, ['x86_64/musl'], 'FreeBSD amd64', []],
  ['a machine that is not judged', true, ['x86_64/musl'], 'Linux loongarch64', ['glibc']],
])('%s', (_, fits, platforms, system, libcs) => expect(fitsHost(words(...platforms), { system, libcs })).toBe(fits))
