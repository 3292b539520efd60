import fc from 'fast-check'
import tar from 'tar-stream'
import { expect, test } from 'vitest'
import { type TarEntry, tarHeader } from '../../src/local/tar-header.ts'

/** The bytes with which tar-stream begins an entry, so many of them. */
async function oracle(entry: TarEntry, bytes: number): Promise<Buffer> {
  const pack = tar.pack()
  const mode = entry.type === 'symlink' ? 0o777 : entry.mode
  const also = entry.type === 'symlink' ? { linkname: entry.target } : entry.type === 'file' ? { size: entry.size } : {}
  // Without a bit beside those of the mode, it takes 0 for "not given".
  const header = { type: entry.type, name: entry.path, mode: mode | 0o100000, mtime: new Date('1980-01-01T00:00:00Z'), ...also }
  // Nobody gives it a content: it complains when it is left.
  pack.entry(header, () => {})
  pack.on('error', () => {})
  let begun = Buffer.alloc(0)
  for await (const chunk of pack) {
    begun = Buffer.concat([begun, chunk as Buffer])
    if (begun.length >= bytes) break
  }
  return begun
}

const part = fc.oneof(
  fc.stringMatching(/^[\w .'-]{1,120}$/),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }).filter((name) => !/[/\0]/.test(name)),
)
const path = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('/'))
const mode = fc.integer({ min: 0, max: 0o777 })
const size = fc.oneof(fc.nat(), fc.constantFrom(0, 1, 511, 512, 8 ** 11 - 1, 8 ** 11, 8 ** 11 + 300, 2 ** 47 + 1))
const entry: fc.Arbitrary<TarEntry> = fc.oneof(
  fc.record({ type: fc.constant('file' as const), path, mode, size }),
  fc.record({ type: fc.constant('directory' as const), path, mode }),
  fc.record({ type: fc.constant('symlink' as const), path, target: path }),
)

test('headers are those of tar-stream, byte for byte', async () => {
  await fc.assert(
    fc.asyncProperty(entry, async (entry) => {
      const header = tarHeader(entry)
      expect(header.equals(await oracle(entry, header.length))).toBe(true)
    }),
    { numRuns: 1000 },
  )
})

test.each([98, 99, 100, 101, 102, 154, 155, 156, 200, 255, 256, 257, 990, 1000, 9990, 10_000])(
  'a path of %i bytes, with a slash here or there',
  async (length) => {
    for (const slash of [1, 50, 99, 100, 154, 155, 156, length - 101, length - 100, length - 2].filter(
      (at) => at > 0 && at < length - 1,
    )) {
      const path = `${'a'.repeat(slash)}/${'b'.repeat(length - slash - 1)}`
      for (const entry of [
        { type: 'file', path, mode: 0o644, size: 10 },
        { type: 'symlink', path, target: path },
      ] as const) {
        const header = tarHeader(entry)
        expect(header.equals(await oracle(entry, header.length))).toBe(true)
      }
    }
  },
)
