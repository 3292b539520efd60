import fc from 'fast-check'

/** Every character of one byte and of two, and some of more: among their bytes are those that shells use as marks of their own. */
const everyByte = [
  Array.from({ length: 127 }, (_, index) => String.fromCharCode(index + 1)).join(''),
  Array.from({ length: 1920 }, (_, index) => String.fromCharCode(index + 128)).join(''),
  '\u0800漢字 \u2028\u2029\ufeff\ufffd🚀\u{1f468}\u200d\u{1f469}\u{10fffd}',
]

/** Values that a shell, systemd or a file of lines could trip over. */
export const HOSTILE: Readonly<Record<string, string>> = Object.fromEntries(
  [
    ...['', ' ', '\n', '\n\n', '\t', '\r', '\r\n', '\\', '\\\\', '\\\n', 'ends\\', '"', "'", `"'"'`, '""', '`', '$', '$$'],
    ...['two words', '  leading', 'trailing  ', 'newline at the end\n', 'a\nb', '#', ';', '!', '!!', '~', '~/x', '*', '-n'],
    ...['a\n\n# no comment\nB=2\n', '# no comment', '; neither', 'a=b=c', 'export A=1', '?[a-z]{a,b}', '%h %% %n', '\x1b[31m'],
    ...['$(touch hit)', '`touch hit`', '"$(touch hit)"', "'; touch hit; '", '\\$(touch hit)', '&& touch hit', '> hit', '<(x)'],
    ...['$HOME', `\${HOME}`, `\${HOME:-x}`, `\${HOME`, '$((1+1))', '$1', '\\n', '\\t\\x41\\101', '{"a": ["b\\n", null]}'],
    ...['postgres://shop:p%40ss#w"o\\rd$1@db/shop?a=b&c=d', '-----BEGIN KEY-----\nAAAA==\n-----END KEY-----\n'],
    ...everyByte,
    'x'.repeat(100_000),
  ].map((value, index) => [`V${index}`, value]),
)

const special = [...'"\'\\$`\n\r\t #;!=(){}aé漢🚀\x01\x7fā']

/** Any value that an environment may hold, with much that is special. */
export const anyValue: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: fc.constantFrom(...special), maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 20 }).filter((text) => !/[\0\p{Surrogate}\p{Noncharacter_Code_Point}]/u.test(text)),
)

/** The variables `V0`, `V1` … of what `env -0` prints. */
export function variablesOf(output: string): Readonly<Record<string, string>> {
  const pairs = output.split('\0').map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)] as const)
  return Object.fromEntries(pairs.filter(([name]) => /^V\d+$/.test(name)))
}
