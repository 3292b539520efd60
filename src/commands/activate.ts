import { releaseOn } from '../tasks/on-host.ts'
import type { Call, Outcome } from './command.ts'
import { fromHosts } from './from-hosts.ts'

/** `releaser activate`: every host switches to a release that it has. Like a deploy, it lifts a pin. */
export async function run(call: Call): Promise<Outcome> {
  const said = call.values['release'] ?? ''
  return fromHosts(call, {
    action: 'activate',
    choose: (views, lookup, ref = said) => releaseOn('each', views, ref, lookup),
    doing: (version) => `activate ${version ?? said} on`,
  })
}
