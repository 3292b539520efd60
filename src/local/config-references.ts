import { relative } from 'node:path'
import { didYouMean } from '../model/suggest.ts'
import { reachesInto, removes } from './clean-pattern.ts'
import { parseHost } from './config-host.ts'
import { partsOf } from './config-path.ts'
import type { Problem } from './config-problem.ts'
import type { Written } from './config-schema.ts'

/** The names of the apps of a configuration. */
export function appsOf({ app, apps }: Written): readonly string[] {
  return app === undefined ? Object.keys(apps ?? {}) : [app]
}

/** What one part of a configuration says of another and is not so: unknown names, circles, a `clean` that would remove the store. */
export function referenceProblems(
  written: Written,
  place: { readonly file: string; readonly dir: string; readonly storeDir: string },
): readonly Problem[] {
  return [
    ...appProblems(written),
    ...builderNames(written),
    ...buildHosts(written),
    ...groupProblems(written),
    ...cleanProblems(written, place),
  ]
}

function appProblems({ app, apps }: Written): readonly Problem[] {
  if (app !== undefined && apps !== undefined)
    return [{ path: 'app', says: 'and apps exclude each other', hint: 'keep one of them' }]
  if (app !== undefined || Object.keys(apps ?? {}).length > 0) return []
  return [{ path: 'app', says: 'is missing', hint: "name what is deployed: app: 'shop'" }]
}

function builderNames({ builders = {}, defaults, targets, apps = {} }: Written): readonly Problem[] {
  const known = Object.keys(builders)
  const uses = [
    { path: 'defaults.builder', builder: defaults?.builder },
    ...Object.entries(targets).map(([name, { builder }]) => ({ path: `targets.${name}.builder`, builder })),
    ...Object.entries(apps).map(([name, { builder }]) => ({ path: `apps.${name}.builder`, builder })),
  ]
  return uses.flatMap(({ path, builder }) =>
    builder === undefined || known.includes(builder)
      ? []
      : [{ path, says: `names "${builder}", which is no builder of this configuration`, hint: didYouMean(builder, known) }],
  )
}

function buildHosts({ builders = {} }: Written): readonly Problem[] {
  return Object.entries(builders).flatMap(([name, builder]) => {
    const host = builder.type === 'ssh' ? parseHost(builder.host) : undefined
    return host && 'says' in host ? [{ path: `builders.${name}.host`, ...host }] : []
  })
}

function groupProblems({ groups = {}, targets }: Written): readonly Problem[] {
  const known = [...Object.keys(targets), ...Object.keys(groups)]
  return Object.entries(groups).flatMap(([name, members]) => [
    ...(Object.hasOwn(targets, name)
      ? [{ path: `groups.${name}`, says: 'has the name of a target', hint: 'give it another name' }]
      : []),
    ...members.flatMap((member, index) =>
      known.includes(member)
        ? []
        : [
            {
              path: `groups.${name}[${index}]`,
              says: `names "${member}", which is no target and no group`,
              hint: didYouMean(member, known),
            },
          ],
    ),
    ...(reaches(groups, name, name)
      ? [{ path: `groups.${name}`, says: 'contains itself', hint: 'take it out of the groups that it names' }]
      : []),
  ])
}

function reaches(
  groups: Readonly<Record<string, readonly string[]>>,
  from: string,
  to: string,
  seen: readonly string[] = [],
): boolean {
  const members = Object.hasOwn(groups, from) ? (groups[from] ?? []) : []
  return members.some((member) => member === to || (!seen.includes(member) && reaches(groups, member, to, [...seen, member])))
}

function cleanProblems(
  { builders = {} }: Written,
  { file, dir, storeDir }: { readonly file: string; readonly dir: string; readonly storeDir: string },
): readonly Problem[] {
  const dangers = (pattern: readonly string[]) => [
    ...(isWithin(dir, file) && removes(pattern, partsOf(relative(dir, file))) ? ['this configuration'] : []),
    ...(isWithin(dir, storeDir) && touches(pattern, partsOf(relative(dir, storeDir))) ? ['the store'] : []),
  ]
  return Object.entries(builders).flatMap(([name, builder]) =>
    // On a build host there is neither.
    (builder.type === 'ssh' ? [] : (builder.clean ?? [])).flatMap((pattern, index) =>
      dangers(partsOf(pattern)).map((what) => ({
        path: `builders.${name}.clean[${index}]`,
        says: `"${pattern}" would remove ${what}`,
        hint: 'name what the build makes',
      })),
    ),
  )
}

function touches(pattern: readonly string[], folder: readonly string[]): boolean {
  return removes(pattern, folder) || reachesInto(pattern, folder)
}

function isWithin(dir: string, path: string): boolean {
  const way = relative(dir, path)
  return way !== '..' && !way.startsWith('../')
}
