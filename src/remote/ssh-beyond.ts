/** What of a configuration only the system's own ssh can do: without it, another machine may answer, or a key be missing. */
export function beyond(read: ReadonlyMap<string, readonly string[]>): readonly string[] {
  return ONLY_SSH.flatMap((name) => {
    const [value] = read.get(name.toLowerCase()) ?? []
    return value === undefined || value === 'none' ? [] : [`${name} ${value}`]
  })
}

const ONLY_SSH = [
  'ProxyJump',
  'ProxyCommand',
  'CertificateFile',
  'PKCS11Provider',
  'KnownHostsCommand',
  'RevokedHostKeys',
  'BindAddress',
  'BindInterface',
] as const
