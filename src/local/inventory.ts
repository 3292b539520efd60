import { ReleaserError } from '../model/errors.ts'
import type { Target } from '../model/target.ts'
import { KEPT_BYTES, outputOf, whyNothing } from './command-output.ts'
import { checkHosts } from './config-check.ts'
import { resolveHosts } from './config-hosts.ts'
import { configError, type Problem } from './config-problem.ts'
import { decode } from './local-file.ts'

const FORM = `let it print a list as JSON, as in the configuration: ["web1", {"host": "web[02:20]", "tags": ["eu"]}]`

/**
 * A target with the hosts that its command prints: it runs here, by `sh`, in the folder of the configuration, with the seconds that it
 * has. Fails with CONFIG where it fails, or what it prints is no list of hosts that could stand in the configuration; INTERRUPTED when
 * aborted.
 */
export async function withInventory(
  target: Target,
  { file, dir, signal }: { readonly file: string; readonly dir: string; readonly signal: AbortSignal | undefined },
): Promise<Target> {
  if (!target.inventory) return target
  const { command, seconds } = target.inventory
  const env = { RELEASER_APP: target.app, RELEASER_TARGET: target.name }
  const output = await outputOf({ command, cwd: dir, env, seconds, signal })
  if (signal?.aborted)
    throw new ReleaserError('INTERRUPTED', `stopped while asking for the hosts of ${target.name}`, {
      hint: 'nothing was changed',
    })
  const path = `targets.${target.name}.hosts`
  const fail = (problem: Omit<Problem, 'path'>): never => {
    throw configError(file, [{ path, ...problem }])
  }
  if (output.code !== 0 || output.stopped !== null) return fail(whyNothing(output, { stderr: output.stderr, cwd: dir, seconds }))
  if (output.stdout.length >= KEPT_BYTES)
    return fail({ says: `has a command that prints ${KEPT_BYTES / 2 ** 20} MiB and more`, hint: FORM })
  const printed = parsed(decode(output.stdout))
  if (!printed) return fail({ says: 'has a command whose output is not JSON', hint: FORM })
  const checked = checkHosts(printed.json)
  const { hosts, problems } =
    'written' in checked
      ? resolveHosts('hosts', checked.written, { path: target.path, key: target.identity, dir })
      : { hosts: [], ...checked }
  if (problems.length > 0) throw configError(`what the command of ${path} printed`, problems.map(withForm))
  if (hosts.length === 0)
    return fail({
      says: 'has a command that knows of no host',
      hint: 'let it end with another exit code than 0 where it cannot know any',
    })
  return { ...target, hosts }
}

function parsed(text: string | undefined): { readonly json: unknown } | undefined {
  try {
    return text === undefined ? undefined : { json: JSON.parse(text) }
  } catch {
    return undefined
  }
}

/** What is no list at all may be the inventory of another tool. */
function withForm(problem: Problem): Problem {
  return problem.path === 'hosts' ? { ...problem, hint: `${FORM}; inventories of other tools have forms of their own` } : problem
}
