const GLIBC = /\/lib(?:64)?\/ld-linux[^\0]*/

/** A program's bytes as if it had been built for another machine (a number of ELF), or for musl. */
export function foreign(program: Buffer, { machine, libc }: { readonly machine?: number; readonly libc?: 'musl' }): Buffer {
  const text = program.toString('latin1')
  const loader = GLIBC.exec(text)?.[0] ?? ''
  const bytes = Buffer.from(libc ? text.replace(loader, '/lib/ld-musl-x.so.1'.padEnd(loader.length, '\0')) : text, 'latin1')
  if (machine !== undefined) bytes.writeUInt16LE(machine, 18)
  return bytes
}
