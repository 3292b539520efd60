/** What a program was built for: the word that `uname -m` has for the machine, and the C library that has to be there. */
export interface Platform {
  readonly machine: string
  /** Null where it needs none, or one that cannot be told. */
  readonly libc: Libc | null
}

export type Libc = 'glibc' | 'musl'

/** By the numbers of ELF; others are not judged. */
const MACHINES: Readonly<Record<number, string>> = {
  3: 'i386',
  21: 'ppc64',
  22: 's390x',
  40: 'arm',
  62: 'x86_64',
  183: 'aarch64',
  243: 'riscv64',
}

const ELF_MAGIC = 0x7f454c46
const PROGRAM = { executable: 2, shared: 3 }
const PT_INTERP = 3

/** What the program that begins with these bytes was built for; null where it is no ELF program, or one of a machine that is not judged. */
export function platformOf(head: Buffer): Platform | null {
  if (head.length < 64 || head.readUInt32BE(0) !== ELF_MAGIC) return null
  const [wide, little] = [head[4] === 2, head[5] === 1]
  const short = (at: number): number => (little ? head.readUInt16LE(at) : head.readUInt16BE(at))
  const type = short(16)
  const machine = MACHINES[short(18)]
  if (machine === undefined || (type !== PROGRAM.executable && type !== PROGRAM.shared)) return null
  const long = (at: number): number => {
    const word = (from: number): number => (little ? head.readUInt32LE(from) : head.readUInt32BE(from))
    // Nobody puts what we look for beyond four gigabytes.
    return word(wide && !little ? at + 4 : at)
  }
  const [table, size, count] = wide ? [long(32), short(54), short(56)] : [long(28), short(42), short(44)]
  if (size < (wide ? 56 : 32)) return { machine, libc: null }
  for (let at = table; at + size <= head.length && at < table + size * count; at += size) {
    if ((little ? head.readUInt32LE(at) : head.readUInt32BE(at)) !== PT_INTERP) continue
    const [offset, length] = wide ? [long(at + 8), long(at + 32)] : [long(at + 4), long(at + 16)]
    return { machine, libc: libcOf(head.toString('latin1', offset, offset + length)) }
  }
  return { machine, libc: null }
}

/** By the loader's path, as far as it is one of the usual ones. */
function libcOf(loader: string): Libc | null {
  if (/^\/lib\/ld-musl-/.test(loader)) return 'musl'
  return /^\/lib(?:64)?\/(?:ld-linux|ld64\.so)/.test(loader) ? 'glibc' : null
}

/** A platform as one word, `x86_64/musl`: for records. */
export function encodePlatform({ machine, libc }: Platform): string {
  return `${machine}/${libc ?? '-'}`
}

/** Reads that word back. */
export function decodePlatform(word: string): Platform {
  const [machine = '', libc] = word.split('/')
  return { machine, libc: libc === 'glibc' || libc === 'musl' ? libc : null }
}

/** What runs on a machine of each kind beside its own; what `uname -m` calls otherwise is not judged. */
const RUNS: Readonly<Record<string, readonly string[]>> = {
  x86_64: ['x86_64', 'i386'],
  i386: ['i386'],
  i586: ['i386'],
  i686: ['i386'],
  aarch64: ['aarch64', 'arm'],
  armv6l: ['arm'],
  armv7l: ['arm'],
  riscv64: ['riscv64'],
  s390x: ['s390x'],
  ppc64: ['ppc64'],
  ppc64le: ['ppc64'],
}

/**
 * Whether a host can run at least one of a release's programs; true where it has none, or the host cannot be judged. A release may
 * bring programs for several kinds of host, so that one that does not fit proves nothing.
 */
export function fitsHost(
  platforms: readonly Platform[],
  host: { readonly system: string; readonly libcs: readonly string[] },
): boolean {
  const runs = RUNS[/^Linux (\S+)$/.exec(host.system)?.[1] ?? '']
  if (runs === undefined || platforms.length === 0) return true
  return platforms.some(
    ({ machine, libc }) => runs.includes(machine) && (libc === null || host.libcs.length === 0 || host.libcs.includes(libc)),
  )
}
