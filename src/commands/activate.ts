import { chooseOnHosts } from '../tasks/rollback.ts'
import type { Call, Outcome } from './command.ts'
import { fromHosts } from './from-hosts.ts'

/** `releaser activate`: every host switches to a release that it has. Like a deploy, it lifts a pin. */
export async function run(call: Call): Promise<Outcome> {
  const ref = call.values['release'] ?? ''
  return fromHosts(call, {
    action: 'activate',
    wanted: ref,
    choose: (views) => chooseOnHosts(views, ref),
    doing: (version) => `activate ${version ?? ref} on`,
  })
}
