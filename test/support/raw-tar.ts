/** A member of an archive that may lie: every field as it is to stand in the header. */
export interface Member {
  readonly name: string | Buffer
  /** The type flag: `0` a file, `1` a hard link, `2` a symlink, `5` a folder, `x` and `g` pax, `L` and `K` long names of GNU. */
  readonly type?: string
  readonly mode?: number
  readonly link?: string
  readonly body?: string | Buffer
  /** What the header says, where that is not the length of the body: twelve bytes, or a number. */
  readonly size?: number | Buffer
  /** What the header says of its own sum. */
  readonly sum?: string
}

const BLOCK = 512
const END = Buffer.alloc(2 * BLOCK)

/** An archive of these members, byte by byte: no library has a say in it. */
export function rawTar(...members: readonly Member[]): Buffer {
  return Buffer.concat([...members.map(rawMember), END])
}

/** One member with its body, filled up to whole blocks. */
export function rawMember(member: Member): Buffer {
  const body = Buffer.from(member.body ?? '')
  return Buffer.concat([
    rawHeader({ ...member, size: member.size ?? body.length }),
    body,
    Buffer.alloc(-body.length & (BLOCK - 1)),
  ])
}

export function rawHeader({ name, type = '0', mode = 0o644, link = '', size = 0, sum }: Member): Buffer {
  const block = Buffer.alloc(BLOCK)
  Buffer.from(name).copy(block, 0, 0, 100)
  block.write(octal(mode, 8), 100)
  block.write(octal(0, 8), 108)
  block.write(octal(0, 8), 116)
  if (typeof size === 'number') block.write(octal(size, 12), 124)
  else size.copy(block, 124, 0, 12)
  block.write(octal(0, 12), 136)
  block.write(type, 156)
  Buffer.from(link).copy(block, 157, 0, 100)
  block.write('ustar\u000000', 257, 'latin1')
  block.fill(' ', 148, 156)
  const total = block.reduce((all, byte) => all + byte, 0)
  block.write(sum ?? `${octal(total, 7)}\0 `.slice(0, 8), 148, 'latin1')
  return block
}

/** A pax header with these records, which speak of the next member; of all that follow, where it is global. */
export function pax(records: Readonly<Record<string, string>>, type: 'x' | 'g' = 'x'): Member {
  return {
    name: 'PaxHeader',
    type,
    body: Object.entries(records)
      .map(([key, value]) => paxRecord(key, value))
      .join(''),
  }
}

function paxRecord(key: string, value: string): string {
  const bare = Buffer.byteLength(` ${key}=${value}\n`)
  let length = bare
  while (bare + String(length).length !== length) length = bare + String(length).length
  return `${length} ${key}=${value}\n`
}

/** Twelve bytes that say a number the way GNU tar writes large ones; negative ones too. */
export function base256(value: bigint): Buffer {
  const bytes = Buffer.from(BigInt.asUintN(96, value).toString(16).padStart(24, '0'), 'hex')
  bytes.writeUInt8(value < 0n ? 0xff : 0x80, 0)
  return bytes
}

function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, '0')}\0`
}
