import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { quote, toShell } from '../../src/remote/shell.ts'
import { seeded } from '../fault/random.ts'

const random = seeded('quoting')
const dir = mkdtempSync(join(tmpdir(), 'releaser-quoting-'))
afterAll(() => rmSync(dir, { recursive: true }))

const SHELLS = {
  dash: ['dash'],
  bash: ['bash'],
  'bash --posix': ['bash', '--posix'],
  'busybox ash': ['busybox', 'sh'],
  mksh: ['mksh'],
} as const satisfies Record<string, readonly [string, ...string[]]>

/** Strings that a shell could trip over, and any others: UTF-8 as people write it, and control characters that they do not. */
const hostile = fc.stringMatching(/^[ -~\t\n]{0,12}$/).map((text) => text.replaceAll('a', "'"))
const tricky = fc.array(
  fc.constantFrom(
    "'",
    '"',
    '\\',
    '$',
    '`',
    '!',
    '\n',
    '\r',
    '\t',
    ' ',
    '-',
    '~',
    '*',
    '?',
    '[',
    '{',
    '#',
    '%',
    'é',
    '漢',
    '🚀',
    '\x01',
    '\x7f',
    '\x1b',
  ),
  {
    maxLength: 10,
  },
)
const word = fc.oneof(
  hostile,
  tricky.map((parts) => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 12 }).map((text) => text.replaceAll('\0', '')),
)

/** What peers have tripped over. */
const HOSTILE = [
  ...[
    '',
    '-n',
    '-e',
    '--',
    '-',
    '$(touch hit)',
    '`touch hit`',
    '; touch hit',
    '&& touch hit',
    '| touch hit',
    '> hit',
    '<(touch hit)',
  ],
  ...[
    "'; touch hit; '",
    "\\'; touch hit; \\'",
    '"$(touch hit)"',
    "'",
    "''",
    `'"'"'`,
    '\\',
    '\\\\',
    'ends\\',
    '\\\n',
    '\n',
    '\r\n',
    '\t',
  ],
  ...[
    '*',
    '?',
    '[a-z]',
    '{a,b}',
    '~',
    '~root',
    '!!',
    '!-1',
    '^a^b',
    '#',
    '%n',
    '%s%s%s',
    '$HOME',
    '$$',
    '$!',
    '$',
    '=x',
    'A=b',
    '\x1b[2J',
  ],
  ...[
    '\u202e',
    '\ufeff',
    'é',
    '🚀',
    "$'\\x27'",
    '(',
    ')',
    '((1))',
    'a b',
    ' ',
    '  a',
    '\x7f',
    '\x01',
    '-oProxyCommand=touch hit',
  ],
]

/** A file with these bytes: mksh takes a minute for a script of this size on its stdin. */
function written(script: string): string {
  const file = join(dir, 'script')
  writeFileSync(file, script, 'latin1')
  return file
}

/** A lone half of a surrogate pair has no UTF-8: what Node makes of it is what the shell gets. */
function utf8(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8')
}

describe.each(Object.entries(SHELLS))('quoting for %s', (_name, [shell, ...flags]) => {
  const argv = (words: readonly string[]): readonly string[] => {
    const line = `for word do printf '%s\\0' "$word"; done`
    const out = execFileSync(shell, [...flags, '-c', `set -- ${toShell(words)}; ${line}`], { encoding: 'utf8' })
    return out.split('\0').slice(0, -1)
  }

  test('any words arrive as they were', () => {
    const lists = fc.array(word, { minLength: 120, maxLength: 120, size: 'max' })
    fc.assert(
      fc.property(lists, (words) => {
        expect(argv(['x', ...words])).toEqual(['x', ...words.map(utf8)])
      }),
      { numRuns: 20 },
    )
  })

  test('10,000 random strings of bytes, and the hostile ones, survive argv', () => {
    const bytes = (most: number) =>
      Buffer.from(Array.from({ length: Math.floor(random() * most) }, () => 1 + Math.floor(random() * 255)))
    const words = [...HOSTILE.map((text) => Buffer.from(text)), ...Array.from({ length: 10_000 }, () => bytes(24))]
    // Quoting looks at single characters of ASCII: byte by byte it is the same for what is no text at all.
    const quoted = words.map((word) => quote(word.toString('latin1')))
    const chunks = Array.from({ length: Math.ceil(quoted.length / 500) }, (_, at) =>
      quoted.slice(at * 500, (at + 1) * 500).join(' '),
    )
    const script = chunks.map((chunk) => `set -- x ${chunk}; shift; for word do printf '%s\\0' "$word"; done\n`).join('')
    const out = execFileSync(shell, [...flags, written(script)], { maxBuffer: 1e8 })
    expect(out.equals(Buffer.concat(words.map((word) => Buffer.concat([word, Buffer.alloc(1)]))))).toBe(true)
  })

  test('a word may hold any byte but NUL', () => {
    const words = Array.from({ length: 0x7ff }, (_, code) => String.fromCodePoint(code + 1))
    expect(argv(words)).toEqual(words)
  })

  test('empty words and words like options stay words', () => {
    const words = ['', '-n', '--', '-e', '', "it's", "''", '$(id)', '`id`', '~', '~root', '!!', 'a\nb', '*']
    expect(argv(words)).toEqual(words)
  })
})

test('plain words are not quoted, so that lines can be read', () => {
  expect(toShell(['sh', '/srv/shop/.releaser/agent', '--since=2024-01-01', 'a b'])).toBe(
    "sh /srv/shop/.releaser/agent --since=2024-01-01 'a b'",
  )
})

test('a NUL byte has no way through a shell', () => {
  expect(() => quote('a\0b')).toThrow('a word for a shell cannot hold a NUL byte')
})
