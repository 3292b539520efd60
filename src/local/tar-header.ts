import type { Entry } from '../model/manifest.ts'

/** What a tar header says of an entry of ours: all that the manifest knows but the hash. */
export type TarEntry = Entry extends infer E ? (E extends Entry ? Omit<E, 'sha256'> : never) : never

const BLOCK = 512
/** The type flags of ustar; `pax` is the header that says what the fields of the next one have no room for. */
const TYPE = { file: '0', symlink: '2', directory: '5', pax: 'x' } as const
const LINK_MODE = 0o777
// Any fixed time will do; some versions of tar complain about 1970.
const MTIME = Date.UTC(1980, 0, 1) / 1000
// What eleven octal digits hold.
const MOST_OCTAL = 8 ** 11 - 1
const FIELDS = {
  name: 0,
  mode: 100,
  uid: 108,
  gid: 116,
  size: 124,
  mtime: 136,
  sum: 148,
  type: 156,
  link: 157,
  magic: 257,
} as const
const DEVICE = { major: 329, minor: 337 } as const
const PREFIX = 345
const ROOM = { name: 100, prefix: 155, link: 100 } as const

/** What ends an archive. */
export const TAR_END = Buffer.alloc(2 * BLOCK)

/**
 * What stands before an entry's content in a tar: a ustar header, with a pax one before it where a path is long or not ASCII.
 * Byte for byte what tar-stream writes, which takes as long for the header of a small file as the disk does for the file.
 */
export function tarHeader(entry: TarEntry): Buffer {
  const link = entry.type === 'symlink' ? entry.target : ''
  const mode = entry.type === 'symlink' ? LINK_MODE : entry.mode
  const size = entry.type === 'file' ? entry.size : 0
  const parts = split(entry.path)
  if (parts && Buffer.byteLength(link) <= ROOM.link) return ustar(entry.type, parts, mode, size, link)
  const records = Buffer.from(record('path', entry.path) + (link && record('linkpath', link)))
  return Buffer.concat([
    ustar('pax', STAND_IN, mode, records.length, link && STAND_IN.name),
    records,
    TAR_END.subarray(0, tarPadding(records.length)),
    ustar(entry.type, STAND_IN, mode, size, link && STAND_IN.name),
  ])
}

/** How many zeros follow a content of so many bytes. */
export function tarPadding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK
}

/** A path in two parts, which a slash joins. */
interface Parts {
  readonly name: string
  readonly prefix: string
}

/** Stands where a pax header has the true path. */
const STAND_IN: Parts = { name: 'PaxHeader', prefix: '' }

const BLANK = Buffer.alloc(BLOCK)
for (const [at, text] of [
  [FIELDS.magic, 'ustar\u000000'],
  [FIELDS.mtime, octal(MTIME, 11)],
  ...[FIELDS.uid, FIELDS.gid, DEVICE.major, DEVICE.minor].map((at) => [at, octal(0, 6)] as const),
] as const)
  BLANK.write(text, at, 'latin1')

// The sum is that of a header whose own field is all spaces.
const SUM_BLANK = 8 * ' '.charCodeAt(0)

// All of it as one object, made by spreading others, took longer than the rest together.
function ustar(type: keyof typeof TYPE, { name, prefix }: Parts, mode: number, size: number, link: string): Buffer {
  const header = Buffer.from(BLANK)
  header.write(name, FIELDS.name, 'latin1')
  header.write(octal(mode, 6), FIELDS.mode, 'latin1')
  writeSize(header, size)
  header.write(TYPE[type], FIELDS.type, 'latin1')
  header.write(link, FIELDS.link)
  header.write(prefix, PREFIX, 'latin1')
  let sum = SUM_BLANK
  for (let at = 0; at < BLOCK; at++) sum += header[at] ?? 0
  header.write(octal(sum, 6), FIELDS.sum, 'latin1')
  return header
}

/** Beyond eight gigabytes, as GNU tar does it: in binary, with the first bit set. */
function writeSize(header: Buffer, size: number): void {
  if (size <= MOST_OCTAL) header.write(octal(size, 11), FIELDS.size, 'latin1')
  else {
    header[FIELDS.size] = 0x80
    header.writeUIntBE(size, FIELDS.size + 6, 6)
  }
}

/** A path as ustar holds it; undefined where it cannot. */
function split(path: string): Parts | undefined {
  if (Buffer.byteLength(path) !== path.length) return undefined
  if (path.length <= ROOM.name) return { name: path, prefix: '' }
  const slash = path.indexOf('/', path.length - ROOM.name - 1)
  return slash === -1 || slash > ROOM.prefix ? undefined : { name: path.slice(slash + 1), prefix: path.slice(0, slash) }
}

/** One record of a pax header. It begins with its own length, that number included. */
function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`
  const bytes = Buffer.byteLength(rest)
  let length = bytes + String(bytes).length
  if (String(length).length > String(bytes).length) length = bytes + String(length).length
  return `${length}${rest}`
}

function octal(value: number, digits: number): string {
  return `${value.toString(8).padStart(digits, '0')} `
}
