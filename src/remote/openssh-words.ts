import { homedir } from 'node:os'
import { join } from 'node:path'

/** How the system's own ssh is called for one host. */
export interface System {
  readonly program: string
  /** The host as the person wrote it: what ssh's configuration is asked about. */
  readonly asked: string
  /** Read in place of the user's and the machine's configuration, as `-F` does. */
  readonly config: string | undefined
  /** What stands above the configuration, for this host alone: user, port, key, jump hosts. */
  readonly words: readonly string[]
}

export interface SystemOptions {
  /** Seconds until a connection must stand. */
  readonly connectSeconds: number
  /** Milliseconds without an answer until the line is lost. */
  readonly silence: number
  /** Whether a program answers the question for a key's passphrase. */
  readonly passphrase: boolean
  /** A key of the environment, in a file: nothing is offered beside it but what a configuration names. */
  readonly key: string | undefined
}

/**
 * What holds for every host on the way, above what the user's configuration says: nobody is asked, nothing is forwarded or run here, host
 * keys are checked strictly, and no password is ever offered, since the one answer that there may be is a key's passphrase.
 */
export function systemConfig({ config }: System, { connectSeconds, silence, passphrase, key }: SystemOptions): string {
  const above = {
    BatchMode: passphrase ? 'no' : 'yes',
    PasswordAuthentication: 'no',
    KbdInteractiveAuthentication: 'no',
    StrictHostKeyChecking: 'yes',
    UpdateHostKeys: 'no',
    VisualHostKey: 'no',
    ConnectTimeout: String(Math.ceil(connectSeconds)),
    ServerAliveInterval: String(Math.max(1, Math.round(silence / 3000))),
    ServerAliveCountMax: '3',
    ControlMaster: 'no',
    ControlPath: 'none',
    ControlPersist: 'no',
    ForkAfterAuthentication: 'no',
    PermitLocalCommand: 'no',
    RemoteCommand: 'none',
    EscapeChar: 'none',
    ForwardAgent: 'no',
    ForwardX11: 'no',
    ClearAllForwardings: 'yes',
    ...(key !== undefined && { IdentityFile: `"${key}"`, IdentitiesOnly: 'yes' }),
  }
  // ssh takes `-F /dev/null`, but includes nothing that everybody may write.
  const named = config === '/dev/null' || config === 'none' ? [] : [config]
  const theirs = config === undefined ? [join(homedir(), '.ssh/config'), '/etc/ssh/ssh_config'] : named
  return [
    'Host *',
    ...Object.entries(above).map(([key, value]) => `  ${key} ${value}`),
    ...theirs.map((file) => `Include "${file}"`),
    '',
  ].join('\n')
}
