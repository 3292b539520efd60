import { ReleaserError } from '../model/errors.ts'
import { table } from '../ui/table.ts'
import { span } from '../ui/time.ts'
import type { Call, Outcome } from './command.ts'
import { type Done, liveThrough, stepJson, typed } from './demo-live.ts'
import { type DemoPlace, makePlace } from './demo-place.ts'
import { configOf } from './demo-site.ts'
import { STORY } from './demo-story.ts'

/** `releaser demo`: the life of a release against a host of its own on loopback, told step by step with the commands to type. */
export async function run(call: Call): Promise<Outcome> {
  if (call.values['hosts'] !== undefined) return (await import('./demo-hosts.ts')).run(call)
  const commands = STORY.map(typed)
  if (call.globals.dryRun) return { result: { dryRun: true, commands }, text: commands.join('\n') }
  const keep = call.values['keep'] === 'true'
  const started = Date.now()
  const place = await makePlace({ keep, homes: ['host'] })
  const folder = keep ? place.root : null
  const done: Done[] = []
  try {
    const config = configOf(place.hosts[0].port)
    await place.write({ 'releaser.config.ts': config })
    call.ui.say(opening(place, config))
    for (const chapter of STORY) done.push(await liveThrough(call, place, chapter, done))
  } catch (error) {
    if (!(error instanceof ReleaserError)) throw error
    const { code, message, hint, cause, result } = error
    const where = keep ? `; its folder is ${place.root}` : ''
    throw new ReleaserError(code, message + where, { hint, cause, result: { steps: done.map(stepJson), ...result, folder } })
  } finally {
    await place.close()
  }
  const took = Date.now() - started
  call.ui.say(keep ? '' : '\nThe server is gone, and so is the folder. This is what happened:\n')
  return {
    result: { steps: done.map(stepJson), folder, durationMs: took },
    text: [stepTable(done), '', ...(keep ? [kept(place), ''] : []), closing(took)].join('\n'),
  }
}

function opening({ root, hosts }: DemoPlace, config: string): string {
  const [{ port }] = hosts
  return `A release's whole life, on this machine alone: no root, no network, no host.

The host is a folder, ${root}/host,
behind an SSH server on 127.0.0.1:${port} that runs as long as this demo.
The project beside it is a small web site with this releaser.config.ts:

${config.trimEnd().replace(/^(?=.)/gm, '  ')}`
}

function stepTable(done: readonly Done[]): string {
  const rows = done.map((one, index) => [
    String(index + 1),
    one.chapter.command.join(' '),
    one.release?.version ?? '-',
    one.chapter.came(one),
    span(one.durationMs),
  ])
  return table(['step', 'command', 'release', 'result', 'time'], rows, ['step', 'time'])
}

function kept({ root }: DemoPlace): string {
  return `The folder stays. The server and the key are gone, so nothing can be deployed there
any more, but there is something to look at:
  cd ${root}
  ls -l host/hello host/hello/releases
  cd project && releaser releases
Remove it when you have seen enough: rm -r ${root}`
}

function closing(took: number): string {
  return `All went as it should, in ${span(took)}. Next, in a project of your own: releaser init`
}
