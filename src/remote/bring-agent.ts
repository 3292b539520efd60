import { ReleaserError } from '../model/errors.ts'
import { agentAt } from './agent.ts'
import { AGENT_HASH, AGENT_SCRIPT } from './agent-script.ts'
import { lineReader } from './lines.ts'
import type { Remote } from './remote.ts'

/** In the directory of the release that serves. `$1` is the agent's hash, `$2` its size: it gets its name when all of it is there. */
const INSTALL = `cd ../../ && umask 077 && mkdir -p .releaser || exit
[ ! -r ".releaser/agent-$1.sh" ] || { echo there; exit; }
new=.releaser/agent-$1.$$.tmp; echo send
cat >"$new" && [ "$(wc -c <"$new")" -eq "$2" ] && mv -f "$new" ".releaser/agent-$1.sh" && echo there || { rm -f "$new"; exit 1; }`

/** Pieces of what a host complains of that are kept. */
const MOST = 20

/** Puts the agent on a host where something is deployed, unless it lies there. One exec. NOT_FOUND where nothing is deployed. */
export async function bringAgent(remote: Remote, root: string): Promise<void> {
  const errors: Buffer[] = []
  const wish = { script: INSTALL, args: [AGENT_HASH, String(AGENT_SCRIPT.length)] }
  const channel = await agentAt(remote, root).exec(wish, {}, (chunk) => {
    if (errors.length < MOST) errors.push(chunk)
  })
  const lines = lineReader(channel.stdout)
  channel.stdin.on('error', () => {}) // a line that is lost shows in what is read
  const has = await lines.next()
  channel.stdin.end(has === 'send' ? AGENT_SCRIPT : '')
  if (has === 'there' || (await lines.next()) === 'there') return
  throw new ReleaserError(
    'CONNECTION',
    `the agent could not be put on the host: ${Buffer.concat(errors).toString('utf8').trim()}`,
    {
      hint: 'look at the space and the permissions of its .releaser/',
    },
  )
}
