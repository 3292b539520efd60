import type { LoadedConfig } from '../local/config.ts'
import { ReleaserError } from '../model/errors.ts'
import type { Host, Target } from '../model/target.ts'
import { connector } from '../remote/connect.ts'
import type { Destination, Recall } from '../rollout/host.ts'

/** The hosts of targets, those whose name or address fits `pattern` (globs, separated by commas) where one is given. */
export function destinations(targets: readonly Target[], pattern: string | undefined, recall?: Recall): readonly Destination[] {
  const all = targets.flatMap((target) =>
    target.hosts.map((host) => ({ target, host, connect: connector(host, target), ...(recall && { recall }) })),
  )
  if (pattern === undefined) return all
  const fits = pattern.split(',').map(glob)
  const chosen = all.filter(({ host }) => fits.some((fit) => fit.test(host.name) || fit.test(host.host)))
  if (chosen.length > 0) return chosen
  throw new ReleaserError('USAGE', `no host fits host=${pattern}`, {
    hint: `there is: ${all.map(({ host }) => host.name).join(', ')}`,
  })
}

/** How a host is called where several targets are meant: names can repeat between targets. */
export function labels(all: readonly { readonly host: Host }[]): readonly string[] {
  return [...new Set(all.map(({ host }) => host.name))]
}

/** Whether a host is the first one of its target: the one that migrates, and where hooks with `on: 'first'` run. */
export function leads({ target, host }: Destination, hosts: readonly Destination[]): boolean {
  return hosts.find((other) => other.target.name === target.name)?.host === host
}

/** The one app that a set of targets deploys. A rollout brings one release. */
export function onlyApp(targets: readonly Target[], loaded: LoadedConfig): string {
  const apps = [...new Set(targets.map(({ app }) => app))]
  const [app, ...others] = apps
  if (app !== undefined && others.length === 0) return app
  throw new ReleaserError('USAGE', `these targets deploy different apps: ${apps.join(', ')}`, {
    hint: `name targets of one app; ${loaded.file} has them`,
  })
}

function glob(text: string): RegExp {
  const literal = text.replace(/[.+^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${literal.replaceAll('*', '.*').replaceAll('?', '.')}$`)
}
