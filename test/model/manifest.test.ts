import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeManifest,
  type Entry,
  encodeEntry,
  encodeManifest,
  manifestDelta,
  normaliseMode,
} from '../../src/model/manifest.ts'

const manifest: readonly Entry[] = [
  { type: 'directory', path: 'bin', mode: 0o755 },
  { type: 'file', path: 'bin/a b', mode: 0o755, size: 3, sha256: 'a'.repeat(64) },
  { type: 'symlink', path: 'link', target: 'bin/a b' },
]

const entry = fc.oneof(
  fc.record({ type: fc.constant('directory' as const), path: name(), mode: fc.constantFrom(0o755, 0o700) }),
  fc.record({
    type: fc.constant('file' as const),
    path: name(),
    mode: fc.constantFrom(0o644, 0o755, 0o600),
    size: fc.nat(),
    sha256: fc.constantFrom('0'.repeat(64), 'f'.repeat(64)),
  }),
  fc.record({ type: fc.constant('symlink' as const), path: name(), target: name() }),
)

function name() {
  return fc.stringMatching(/^[a-z '"\\$-]{1,8}$/)
}

describe('a manifest', () => {
  it('has one canonical form', () => {
    expect(encodeManifest(manifest)).toBe(
      `releaser-manifest\t1\nbin\td\t0755\t-\t-\nbin/a b\tf\t0755\t3\t${'a'.repeat(64)}\nlink\tl\t-\t-\tbin/a b\n`,
    )
  })

  it('reads back what it wrote, whatever the names', () => {
    fc.assert(
      fc.property(fc.array(entry), (entries) => {
        expect(decodeManifest(encodeManifest(entries))).toEqual(entries)
      }),
    )
  })

  it.each([
    '',
    'releaser-manifest\t2\n',
    'releaser-manifest\t1',
    'releaser-manifest\t1\nx\tf\t0644\t1\tshort\n',
    'releaser-manifest\t1\n\td\t0755\t-\t-\n',
  ])('is not %j', (text) => expect(decodeManifest(text)).toBeUndefined())

  it('is rebuilt from a base and its difference', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(entry, { selector: encodeEntry }),
        fc.uniqueArray(entry, { selector: encodeEntry }),
        (base, wanted) => {
          const { drop, add } = manifestDelta(base, wanted)
          const rebuilt = [...base.filter((_, index) => !drop.includes(index + 1)), ...add]
          expect(rebuilt.map(encodeEntry).sort()).toEqual(wanted.map(encodeEntry).sort())
        },
      ),
    )
  })

  it('normalises modes: no setuid, nothing for others to write, directories usable by their owner', () => {
    expect([0o4777, 0o666, 0o600, 0o400].map((mode) => normaliseMode('file', mode).toString(8))).toEqual([
      '755',
      '644',
      '600',
      '400',
    ])
    expect([0o2777, 0o555, 0].map((mode) => normaliseMode('directory', mode).toString(8))).toEqual(['755', '755', '700'])
  })
})
