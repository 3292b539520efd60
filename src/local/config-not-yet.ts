import { type Problem, pathText } from './config-problem.ts'

/** A place in the configuration (`*`: any key or number) whose feature does not exist yet, or not for the values that `when` names. */
interface NotYet {
  readonly at: string
  readonly when?: (value: unknown) => boolean
  readonly hint?: string
}

const not = (...supported: readonly unknown[]) => ({
  when: (value: unknown) => !supported.includes(value),
  hint: `leave it out, or write ${supported.map((value) => `'${value}'`).join(' or ')}`,
})

/** What the contract promises and this version cannot do: refused, so that nothing is configured in vain. */
const NOT_YET: readonly NotYet[] = [
  { at: 'notify' },
  { at: 'store', when: (value) => typeof value === 'string' && /^[a-z][a-z0-9+.-]*:\/\//i.test(value), hint: 'name a folder' },
  { at: 'targets.*.auto.deploy', when: (value) => value !== false, hint: 'leave it out, or write false' },
  { at: 'targets.*.watch' },
  { at: 'targets.*.notify' },
  { at: 'targets.*.onFailure', ...not('rollback') },
  { at: 'targets.*.hooks.pre-upgrade' },
  { at: 'targets.*.hooks.post-upgrade' },
  // Where every host would have to wait for this machine, or this machine for every host, a hook cannot choose its place yet.
  { at: 'targets.*.hooks.pre-deploy.on', ...not('local') },
  { at: 'targets.*.hooks.pre-upload.on', ...not('local') },
  { at: 'targets.*.hooks.pre-configure.on', ...not('remote', 'first') },
  { at: 'targets.*.hooks.post-stop.on', ...not('remote', 'first') },
  { at: 'targets.*.hooks.pre-start.on', ...not('remote', 'first') },
  // A timer knows of no other host.
  { at: 'targets.*.hooks.post-backup.on', ...not('remote') },
  { at: 'targets.*.hooks.post-deploy.on', ...not('local') },
  { at: 'targets.*.hooks.on-failure.on', ...not('local') },
  { at: 'targets.*.hooks.pre-rollback.on', ...not('local') },
  { at: 'targets.*.hooks.post-rollback.on', ...not('local') },
]

/** Every place of a configuration that asks for a feature of a later version. */
export function notYet(config: unknown): readonly Problem[] {
  return NOT_YET.flatMap((row) =>
    [row.at, ...(row.at.startsWith('targets.*.') ? [row.at.replace('targets.*', 'defaults')] : [])]
      .flatMap((at) => places(config, at.split('.')))
      .filter(({ value }) => row.when?.(value) ?? true)
      .map(({ path }) => ({
        path: pathText(path),
        says: 'is not supported by this version of releaser',
        hint: row.hint ?? 'leave it out',
      })),
  )
}

interface Place {
  readonly path: readonly PropertyKey[]
  readonly value: unknown
}

function places(value: unknown, [key, ...rest]: readonly string[], path: readonly PropertyKey[] = []): readonly Place[] {
  if (key === undefined) return [{ path, value }]
  if (typeof value !== 'object' || value === null) return []
  if (Array.isArray(value)) return key === '*' ? value.flatMap((item, index) => places(item, rest, [...path, index])) : []
  return Object.entries(value)
    .filter(([name]) => key === '*' || key === name)
    .flatMap(([name, item]) => places(item, rest, [...path, name]))
}
