import { z } from 'zod'
import type { Config, HookName, Target } from '../model/config.ts'
import { jumpProblem } from './config-host.ts'
import { auto, backup, sanitize } from './config-jobs.ts'
import { cleanProblem } from './config-path.ts'
import { template } from './config-templates.ts'
import {
  command,
  duration,
  envName,
  name,
  object,
  path,
  pin,
  port,
  shared,
  text,
  textThat,
  value,
  whole,
} from './config-values.ts'

/** A configuration whose every part has its form; targets may still lack what `defaults` gives them. */
export type Written = Omit<Config, 'targets'> & { targets: Record<string, Partial<Target>> }

const env = z.record(envName, value)

const hookOn = <Place extends 'local' | 'remote' | 'first'>(...places: readonly Place[]) =>
  z.union([
    command,
    object({
      run: command,
      on: z.enum(places).exactOptional(),
      timeout: duration.exactOptional(),
      ignoreFailure: z.boolean().exactOptional(),
    }),
  ])

/** The hooks of a builder, which run here. A target may have them too, for the builds that are made for it. */
const BUILD_HOOKS = ['pre-build', 'post-build'] as const satisfies readonly HookName[]
const DEPLOY_HOOKS = [
  ...['pre-deploy', 'pre-upload', 'post-upload', 'pre-activate', 'post-activate', 'pre-stop', 'post-stop', 'pre-start'],
  ...['post-start', 'pre-upgrade', 'post-upgrade', 'pre-configure', 'post-configure', 'post-deploy', 'post-backup'],
  ...['on-failure', 'pre-rollback', 'post-rollback'],
] as readonly HookName[]

const hooksOf = <Hook extends z.ZodType>(names: readonly HookName[], hook: Hook) =>
  Object.fromEntries(names.map((it) => [it, hook.exactOptional()])) as { [Name in HookName]: z.ZodExactOptional<Hook> }

const buildHooks = hooksOf(BUILD_HOOKS, hookOn('local'))
const hooks = { ...hooksOf(DEPLOY_HOOKS, hookOn('local', 'remote', 'first')), ...buildHooks }

const notices = z.array(
  z.union([object({ webhook: text }), object({ command }), object({ smtp: text, to: z.array(text), from: text })]),
)

const common = {
  source: z.enum(['worktree', 'git']).exactOptional(),
  strip: whole(0).exactOptional(),
  clean: z.array(textThat(cleanProblem)).exactOptional(),
  absoluteLinks: z.array(text).exactOptional(),
  version: z.union([name, object({ command })]).exactOptional(),
  exclude: z.array(text).exactOptional(),
  env: env.exactOptional(),
  hooks: object(buildHooks).exactOptional(),
}

/** How a host is reached and entered. */
const reached = {
  identity: text.exactOptional(),
  agent: z.boolean().exactOptional(),
  knownHosts: text.exactOptional(),
  hostKeys: z.array(pin).exactOptional(),
  connectTimeout: duration.exactOptional(),
}

const builder = z.discriminatedUnion('type', [
  object({ ...common, type: z.literal('command'), run: command, output: text }),
  object({
    ...common,
    type: z.literal('docker'),
    dockerfile: text.exactOptional(),
    context: text.exactOptional(),
    args: z.record(z.string(), value).exactOptional(),
    artifact: text,
    engine: z.enum(['docker', 'podman', 'buildah']).exactOptional(),
    platform: text.exactOptional(),
  }),
  object({ ...common, ...reached, type: z.literal('ssh'), host: text, path, run: command, output: text }),
  object({ ...common, type: z.literal('module'), module: text }),
])

const host = object({
  host: text,
  user: text.exactOptional(),
  port: port.exactOptional(),
  name: name.exactOptional(),
  path: path.exactOptional(),
  env: env.exactOptional(),
  tags: z.array(name).exactOptional(),
  identity: text.exactOptional(),
})

/** A list of hosts, as it is written, and as a command prints it. */
export const hostList = z.array(z.union([z.string(), host]))

const runnerCommands = object({
  start: command,
  stop: command.exactOptional(),
  restart: command.exactOptional(),
  ping: command.exactOptional(),
  pid: command.exactOptional(),
  version: command.exactOptional(),
  console: command.exactOptional(),
  rpc: command.exactOptional(),
  eval: command.exactOptional(),
  systemd: z.boolean().exactOptional(),
})

const target = object({
  hosts: z.union([hostList, object({ command, timeout: duration.exactOptional() })]).exactOptional(),
  path: path.exactOptional(),
  app: name.exactOptional(),
  builder: name.exactOptional(),
  tags: z.array(name).exactOptional(),
  ...reached,
  jump: textThat(jumpProblem).exactOptional(),
  transport: z.enum(['ssh2', 'openssh']).exactOptional(),
  keep: whole(1).exactOptional(),
  shared: object({ dirs: z.array(shared).exactOptional(), files: z.array(shared).exactOptional() }).exactOptional(),
  env: env.exactOptional(),
  envFile: text.exactOptional(),
  secrets: z.record(envName, z.union([object({ env: text }), object({ command }), object({ file: text })])).exactOptional(),
  runner: z.union([z.enum(['none', 'mix', 'distillery', 'relx', 'systemd']), runnerCommands]).exactOptional(),
  health: object({
    http: text.exactOptional(),
    tcp: port.exactOptional(),
    command: command.exactOptional(),
    expect: z.union([z.number(), z.string()]).exactOptional(),
    timeout: duration.exactOptional(),
    interval: duration.exactOptional(),
    delay: duration.exactOptional(),
    settle: duration.exactOptional(),
  }).exactOptional(),
  confirm: z.union([duration, z.literal(false)]).exactOptional(),
  onFailure: z.enum(['rollback', 'stop', 'keep']).exactOptional(),
  strategy: object({
    batch: z.union([whole(1), z.templateLiteral([z.number(), '%'])]).exactOptional(),
    canary: whole(1).exactOptional(),
    pause: duration.exactOptional(),
    maxFailures: whole(0).exactOptional(),
    parallel: whole(1).exactOptional(),
  }).exactOptional(),
  migrate: object({
    run: command,
    when: z.enum(['before-switch', 'after-start']).exactOptional(),
    on: z.enum(['first', 'each']).exactOptional(),
  }).exactOptional(),
  hooks: object(hooks).exactOptional(),
  commands: z.record(name, command).exactOptional(),
  templates: z.array(template).exactOptional(),
  allowedSigners: z.array(text).exactOptional(),
  logs: z.array(text).exactOptional(),
  stopTimeout: duration.exactOptional(),
  kill: z.boolean().exactOptional(),
  reuse: z.enum(['copy', 'hardlink']).exactOptional(),
  backup: backup.exactOptional(),
  sanitize: sanitize.exactOptional(),
  auto: auto.exactOptional(),
  watch: object({
    follow: z.enum(['store', 'git']),
    pattern: text.exactOptional(),
    every: duration.exactOptional(),
  }).exactOptional(),
  protected: z.boolean().exactOptional(),
  notify: notices.exactOptional(),
})

/** The form of a configuration: keys, types, single values. What one part must know of another is checked afterwards. */
export const schema = object({
  app: name.exactOptional(),
  apps: z.record(name, object({ builder: name.exactOptional() })).exactOptional(),
  keepLocal: whole(1).exactOptional(),
  store: text.exactOptional(),
  builders: z.record(name, builder).exactOptional(),
  defaults: target.exactOptional(),
  targets: z.record(name, target),
  groups: z.record(name, z.array(name)).exactOptional(),
  sign: object({ key: text }).exactOptional(),
  notify: notices.exactOptional(),
}) satisfies z.ZodType<Written>
