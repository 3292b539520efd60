import { basename, join } from 'node:path'
import { ReleaserError } from '../model/errors.ts'
import { quote } from '../remote/shell.ts'
import { table } from '../ui/table.ts'
import type { Call, Outcome } from './command.ts'
import { environment } from './demo-live.ts'
import { type DemoPlace, makePlace } from './demo-place.ts'
import { runSelf, SELF } from './demo-run.ts'
import { type Centre, centresOf, hostsAsked, worldConfig, worldSite } from './demo-world.ts'

/** What to begin with, in the project. */
const COMMANDS = ['releaser deploy target=world', 'releaser status', 'releaser rollback target=world']

/** `releaser demo hosts=N`: a federation to play with, from another terminal. It stays until somebody stops it. */
export async function run(call: Call): Promise<Outcome> {
  const { ui, values, globals, signal } = call
  const many = hostsAsked(values['hosts'] ?? '')
  if (globals.dryRun) {
    const commands = ['releaser build', ...COMMANDS]
    return { result: { dryRun: true, commands }, text: commands.join('\n') }
  }
  const keep = values['keep'] === 'true'
  const centres = centresOf(many)
  const [first = '', ...others] = centres.flatMap(({ hosts }) => hosts).map((name) => `hosts/${name}`)
  const place = await makePlace({ keep, homes: [first, ...others] })
  const result = {
    folder: keep ? place.root : null,
    project: join(place.root, 'project'),
    hosts: centres.flatMap(({ name, hosts }) =>
      hosts.map((host) => ({ target: name, host, port: portOf(place, host), home: join(place.root, 'hosts', host) })),
    ),
  }
  try {
    const config = worldConfig(centres, (host) => portOf(place, host))
    await place.write({ ...worldSite(), 'releaser.config.ts': config })
    await build(call, place)
    ui.say(opening(many, centres, place, config))
    ui.data(nextWords(place))
    // A script needs to know now what the result says in the end.
    if (ui.mode === 'json') ui.observe({ event: 'note', host: null, message: `${many} hosts are up`, result })
    await stopped(signal)
  } finally {
    await place.close()
  }
  return { result, text: keep ? kept(place) : '\nThe hosts are gone, and so is the folder.' }
}

function portOf({ hosts }: DemoPlace, name: string): number {
  const host = hosts.find(({ home }) => basename(home) === name)
  if (!host) throw new Error(`no host ${name}`)
  return host.port
}

async function build({ signal }: Call, place: DemoPlace): Promise<void> {
  const { code, said } = await runSelf(['build'], { cwd: place.project, env: environment(place), shown: false, signal })
  if (signal.aborted) throw new ReleaserError('INTERRUPTED', 'the demo was stopped')
  if (code !== 0) throw new ReleaserError('BUILD', `the first build of the demo failed\n${said}`)
}

function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done()
    signal.addEventListener('abort', () => done(), { once: true })
  })
}

function opening(many: number, centres: readonly Centre[], place: DemoPlace, config: string): string {
  const rows = centres.flatMap(({ name, hosts }) =>
    hosts.map((host) => [name, host, `127.0.0.1:${portOf(place, host)}`, `../hosts/${host}`]),
  )
  return `${many} hosts on this machine alone: no root, no network. Each is a folder, behind an SSH server of its own.

${table(['target', 'host', 'address', 'folder'], rows)}

The project is a small web site, built once as hello 1.0.0, with this releaser.config.ts:

${config.trimEnd().replace(/^(?=.)/gm, '  ')}
`
}

function nextWords({ project }: DemoPlace): string {
  const calls = basename(process.argv[1] ?? '') === 'releaser' ? [] : [`alias releaser=${quote(`node ${quote(SELF)}`)}`]
  const lines = [...calls, `cd ${quote(project)}`, ...COMMANDS]
  return `In another terminal:

${lines.map((line) => `  ${line}`).join('\n')}

Make trouble there, and take it away again with rm:

  touch ../hosts/eu1/broken   # a release fails on this host, after the switch
  touch ../hosts/us1/off      # this host does not answer

"Many hosts" in the README goes through it all. Ctrl-C ends it.`
}

function kept({ root }: DemoPlace): string {
  return `
The folder stays: ${root}
The servers and the key are gone. Remove it when you have seen enough: rm -r ${quote(root)}`
}
