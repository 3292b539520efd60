/** The configuration as people write it: `releaser.config.ts` exports one `Config`. Durations are `'30s' | '5m' | '4h' | '7d'`. */
export interface Config {
  app?: string // one app …
  apps?: Record<string, { builder?: string }> // … or several
  keepLocal?: number // releases an app keeps in the store after a build; all, if left out
  store?: string // '.releaser' beside the config; 's3://bucket/prefix' later
  builders?: Record<string, Builder>
  defaults?: Partial<Target> // merged under every target
  targets: Record<string, Target>
  groups?: Record<string, readonly string[]> // of targets or groups, in order
  sign?: { key: string } // an SSH key: every release is signed with it
  notify?: readonly Notice[]
}
export type Builder = Common &
  (
    | { type: 'command'; run: string; output: string }
    | {
        type: 'docker'
        dockerfile?: string
        context?: string
        args?: Record<string, string>
        artifact: string
        engine?: 'docker' | 'podman' | 'buildah'
        platform?: string
      }
    | {
        type: 'ssh'
        host: string
        path: string // on that host: absolute, or relative to the login directory, or ~/…
        run: string
        output: string
        identity?: string // as of a target, and where it is left out, as in `defaults`
        agent?: boolean
        knownHosts?: string
        hostKeys?: readonly string[]
        connectTimeout?: string
      }
    | { type: 'module'; module: string }
  )
export interface Common {
  source?: 'worktree' | 'git'
  strip?: number
  clean?: readonly string[]
  absoluteLinks?: readonly string[] /* symlinks out of the tree that are meant */
  version?: string | { command: string }
  exclude?: readonly string[]
  env?: Record<string, string>
  hooks?: Hooks
}
export interface Target {
  hosts: readonly (string | HostEntry)[] | HostsCommand // 'deploy@web1.example.com:2222', '[::1]:22', an alias of ~/.ssh/config
  path: string // absolute, or relative to the login directory, or ~/…
  app?: string
  builder?: string
  tags?: readonly string[]
  identity?: string
  agent?: boolean
  knownHosts?: string
  hostKeys?: readonly string[] /* 'SHA256:…' */
  jump?: string
  connectTimeout?: string
  transport?: 'ssh2' | 'openssh'
  keep?: number // 5
  shared?: { dirs?: readonly string[]; files?: readonly string[] }
  env?: Record<string, string>
  envFile?: string
  secrets?: Record<string, { env: string } | { command: string } | { file: string }>
  runner?: 'none' | 'mix' | 'distillery' | 'relx' | 'systemd' | RunnerCommands
  health?: {
    http?: string
    tcp?: number
    command?: string
    expect?: number | string
    timeout?: string
    interval?: string
    delay?: string
    settle?: string /* '3s': and still alive and healthy after it */
  }
  confirm?: string | false // '60s': a host that is not confirmed within it goes back by itself
  onFailure?: 'rollback' | 'stop' | 'keep'
  strategy?: { batch?: number | `${number}%`; canary?: number; pause?: string; maxFailures?: number; parallel?: number }
  migrate?: { run: string; when?: 'before-switch' | 'after-start'; on?: 'first' | 'each' }
  hooks?: Hooks
  commands?: Record<string, string>
  templates?: readonly { from: string; to: string; mode?: string }[] // ${VAR} and ${VAR:-default} from the app's environment
  allowedSigners?: readonly string[] // public keys; a release that none of them signed is refused
  logs?: readonly string[] // files, or 'journal'
  stopTimeout?: string
  kill?: boolean // '30s'; after it TERM, and KILL only where `kill` says so
  reuse?: 'copy' | 'hardlink' // how unchanged files come from a release that is there; 'copy' (reflink where possible)
  backup?: {
    paths?: readonly string[]
    command?: string
    restore?: string
    schedule?: string
    keep?: number | { last?: number; daily?: number; weekly?: number; monthly?: number }
    beforeDeploy?: boolean
    encryptTo?: string
    verify?: string
    verifyEvery?: string
    fetch?: { to: string; keep?: number }
    onFailure?: string // a command, or an address: told when it fails, and when it is good again
    heartbeat?: string // an address, called after each good one
  }
  sanitize?: { command: string; schedule?: string }
  auto?: { deploy?: boolean; backup?: boolean; sanitize?: boolean } // false: an explicit no
  watch?: { follow: 'store' | 'git'; pattern?: string; every?: string }
  protected?: boolean // a person types the target's name, CI passes --yes
  notify?: readonly Notice[]
}
export interface HostEntry {
  host: string
  user?: string
  port?: number
  name?: string
  path?: string
  env?: Record<string, string>
  tags?: readonly string[]
  identity?: string
}
export interface HostsCommand {
  command: string // prints such a list as JSON
  timeout?: string // '60s'
}
export interface RunnerCommands {
  start: string
  stop?: string
  restart?: string
  ping?: string
  pid?: string
  version?: string
  console?: string
  rpc?: string
  eval?: string
  systemd?: boolean // have systemd run it, by a unit
}
export type Hooks = Partial<
  Record<HookName, string | { run: string; on?: 'local' | 'remote' | 'first'; timeout?: string; ignoreFailure?: boolean }>
>
export type HookName =
  | 'pre-build'
  | 'post-build'
  | 'pre-deploy'
  | 'pre-upload'
  | 'post-upload'
  | 'pre-activate'
  | 'post-activate'
  | 'pre-stop'
  | 'post-stop'
  | 'pre-start'
  | 'post-start'
  | 'pre-upgrade'
  | 'post-upgrade'
  | 'pre-configure'
  | 'post-configure'
  | 'post-deploy'
  | 'post-backup'
  | 'on-failure'
  | 'pre-rollback'
  | 'post-rollback'
export type Notice = { webhook: string } | { command: string } | { smtp: string; to: readonly string[]; from: string }
