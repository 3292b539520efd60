import type { LoadedConfig } from '../local/config.ts'
import { ReleaserError } from '../model/errors.ts'
import { expandRanges } from '../model/host-range.ts'
import type { Host, Target } from '../model/target.ts'
import { connector } from '../remote/connect.ts'
import type { Destination, Recall } from '../rollout/host.ts'

/**
 * The hosts of targets; those that `pattern` means where one is given: names, addresses and `tag:NAME`, with globs and ranges, separated
 * by commas; what begins with `!` is left out. Fails with USAGE where that is nobody.
 */
export function destinations(targets: readonly Target[], pattern: string | undefined, recall?: Recall): readonly Destination[] {
  const all = targets.flatMap((target) =>
    target.hosts.map((host) => ({ target, host, connect: connector(host, target), ...(recall && { recall }) })),
  )
  if (pattern === undefined) return all
  const fits = meantBy(pattern)
  const chosen = all.filter(({ target, host }) => fits(host, target))
  if (chosen.length > 0) return chosen
  const tags = [...new Set(all.flatMap(({ target, host }) => tagsOf(host, target)))].map((tag) => `tag:${tag}`)
  throw new ReleaserError('USAGE', `no host fits host=${pattern}`, {
    hint: `there is: ${[...labels(all), ...tags].join(', ')}`,
  })
}

/** What `tag:` knows a host by: its own tags, and those of its target. */
export function tagsOf(host: Host, target: Target): readonly string[] {
  return [...new Set([...host.tags, ...(target.tags ?? [])])]
}

type Fits = (host: Host, target: Target) => boolean

/** Whether a host is one that `pattern` means. Nothing between the commas means nobody. */
export function meantBy(pattern: string): Fits {
  const words = pattern.split(',').filter((word) => word !== '')
  const wanted = words.filter((word) => !word.startsWith('!')).map(fitOf)
  const unwanted = words.filter((word) => word.startsWith('!')).map((word) => fitOf(word.slice(1)))
  return (host, target) =>
    words.length > 0 &&
    (wanted.length === 0 || wanted.some((fits) => fits(host, target))) &&
    !unwanted.some((fits) => fits(host, target))
}

/** What one word of `host=` means. */
function fitOf(word: string): Fits {
  const tag = /^tag:(.*)$/.exec(word)?.[1]
  if (tag !== undefined) {
    const fit = glob(tag)
    return (host, target) => tagsOf(host, target).some((each) => fit.test(each))
  }
  const ranges = expandRanges(word)
  if ('says' in ranges) throw new ReleaserError('USAGE', `host=: ${ranges.says}`, { hint: "write host='web[01:05]*'" })
  const fits = ranges.map(glob)
  return (host) => fits.some((fit) => fit.test(host.name) || fit.test(host.host))
}

/** How a host is called where several targets are meant: names can repeat between targets. */
export function labels(all: readonly { readonly host: Host }[]): readonly string[] {
  return [...new Set(all.map(({ host }) => host.name))]
}

/** Whether a host is the first one of its target: the one that migrates, and where hooks with `on: 'first'` run. */
export function leads({ target, host }: Destination, hosts: readonly Destination[]): boolean {
  return hosts.find((other) => other.target.name === target.name)?.host === host
}

/** The one app that a set of targets deploys, for what is about one release. */
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
