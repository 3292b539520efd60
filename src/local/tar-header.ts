import type { Entry } from '../model/manifest.ts'

/** What a tar header says of an entry of ours: all that the manifest knows but the hash. */
export type TarEntry = Entry extends infer E ? (E extends Entry ? Omit<E, 'sha256'> : never) : never

const BLOCK = 512
/** The type flags of ustar; `pax` is the header that says what the fields of the next one have no room for. */
const TYPE = { file: 0x30, symlink: 0x32, directory: 0x35, pax: 0x78 } as const
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

/** What a header may take at most: two of the longest paths that there are. */
export const MOST_HEADER = 16 * 1024

/** What ends an archive. */
export const TAR_END = Buffer.alloc(2 * BLOCK)

/**
 * What stands before an entry's content in a tar: a ustar header, with a pax one before it where a path is long or not ASCII.
 * Byte for byte what tar-stream writes, which takes as long for the header of a small file as the disk does for the file.
 */
export function tarHeader(entry: TarEntry): Buffer {
  const words = Buffer.byteLength(entry.path) + (entry.type === 'symlink' ? Buffer.byteLength(entry.target) : 0)
  // Two headers, and records between them that name themselves.
  const header = Buffer.allocUnsafe(words + 4 * BLOCK)
  return header.subarray(0, writeTarHeader(entry, header, 0))
}

/** Puts it where there is room for MOST_HEADER bytes of it; gives how many it has. */
export function writeTarHeader(entry: TarEntry, into: Buffer, at: number): number {
  const link = entry.type === 'symlink' ? entry.target : ''
  const mode = entry.type === 'symlink' ? LINK_MODE : entry.mode
  const size = entry.type === 'file' ? entry.size : 0
  const parts = split(entry.path)
  if (parts && Buffer.byteLength(link) <= ROOM.link) return writeUstar(into, at, entry.type, parts, mode, size, link)
  const records = Buffer.from(record('path', entry.path) + (link && record('linkpath', link)))
  let end = at + writeUstar(into, at, 'pax', STAND_IN, mode, records.length, link && STAND_IN.name)
  end += records.copy(into, end)
  end += TAR_END.copy(into, end, 0, tarPadding(records.length))
  return end - at + writeUstar(into, end, entry.type, STAND_IN, mode, size, link && STAND_IN.name)
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

const SPACE = 0x20
const ZERO = 0x30
const BLANK = Buffer.alloc(BLOCK)
BLANK.write('ustar\u000000', FIELDS.magic, 'latin1')
putOctal(BLANK, FIELDS.mtime, MTIME, 11)
for (const at of [FIELDS.uid, FIELDS.gid, DEVICE.major, DEVICE.minor]) putOctal(BLANK, at, 0, 6)

// The sum is that of a header whose own field is all spaces.
const SUM_BLANK = BLANK.reduce((sum, byte) => sum + byte, 8 * SPACE)

// Cheap where it has just been compiled: no strings, no calls of Node's, and a sum of no more than what differs from the blank one.
function writeUstar(
  into: Buffer,
  at: number,
  type: keyof typeof TYPE,
  { name, prefix }: Parts,
  mode: number,
  size: number,
  link: string,
): number {
  into.set(BLANK, at)
  into[at + FIELDS.type] = TYPE[type]
  let sum = SUM_BLANK + TYPE[type]
  sum += putAscii(into, at + FIELDS.name, name)
  sum += putOctal(into, at + FIELDS.mode, mode, 6)
  sum += putSize(into, at + FIELDS.size, size)
  if (prefix !== '') sum += putAscii(into, at + PREFIX, prefix)
  if (link !== '') sum += sumOf(into, at + FIELDS.link, into.write(link, at + FIELDS.link))
  putOctal(into, at + FIELDS.sum, sum, 6)
  return BLOCK
}

/** Puts text where zeros were; gives the sum of its bytes, as the others do. */
function putAscii(into: Buffer, at: number, text: string): number {
  let sum = 0
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    into[at + index] = code
    sum += code
  }
  return sum
}

/** As many digits, and a space. */
function putOctal(into: Buffer, at: number, value: number, digits: number): number {
  let sum = SPACE
  let left = value
  into[at + digits] = SPACE
  for (let index = digits - 1; index >= 0; index--) {
    const digit = ZERO + (left % 8)
    into[at + index] = digit
    sum += digit
    left = Math.floor(left / 8)
  }
  return sum
}

/** Beyond eight gigabytes, as GNU tar does it: in binary, with the first bit set. */
function putSize(into: Buffer, at: number, size: number): number {
  if (size <= MOST_OCTAL) return putOctal(into, at, size, 11)
  into[at] = 0x80
  into.writeUIntBE(size, at + 6, 6)
  return sumOf(into, at, 12)
}

function sumOf(bytes: Buffer, at: number, length: number): number {
  return bytes.subarray(at, at + length).reduce((sum, byte) => sum + byte, 0)
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
