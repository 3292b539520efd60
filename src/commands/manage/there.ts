import { loadConfig, pickTargets } from '../../local/config.ts'
import { type HostRelease, UNKNOWN } from '../../model/host-state.ts'
import { type HostView, viewOf } from '../../model/host-view.ts'
import { lockInWords } from '../../model/lock.ts'
import type { Facts } from '../../model/plan.ts'
import { count, size } from '../../model/size.ts'
import { ago } from '../../ui/time.ts'
import type { Call } from '../command.ts'
import { destinations } from '../destinations.ts'
import { type Answer, demandAnswers, factsOf, noCloser } from '../facts-of.ts'
import { memoryAt } from '../memory.ts'
import { nameAmong } from '../release-words.ts'
import type { Place } from './understand.ts'
import { type Action, type Entry, idsOf, type View } from './view.ts'
import { ALWAYS, THERE } from './words.ts'

/** Hosts that have a line of their own above the list. */
const TOLD = 6

interface Seen {
  readonly host: string
  readonly facts: Facts
  readonly view: HostView
}

/** A release as the hosts have it. */
interface Held extends Entry {
  readonly state: string
  /** `current`, `previous` and `pinned`, with the hosts where it is not so on all of them. */
  readonly marks: readonly string[]
  readonly on: readonly string[]
  readonly current: 'everywhere' | 'somewhere' | 'nowhere'
  readonly pinned: boolean
}

/** The releases on the hosts of a target, newest first, those of several hosts as one. Fails where no host answers. */
export async function viewThere(call: Call, place: Extract<Place, { at: 'there' }>): Promise<View> {
  const loaded = await loadConfig({ file: call.globals.config, cwd: process.cwd() })
  const memory = memoryAt(loaded, call)
  const targets = pickTargets(loaded, place.target)
  const answers = await factsOf(call, destinations(targets, place.host, memory.recall), noCloser)
  const seen = answers.flatMap(({ host, facts }) => (facts ? [{ host: host.name, facts, view: viewOf(facts) }] : []))
  if (seen.length === 0) demandAnswers(call, answers, {})
  const here = new Set((await memory.releases(targets.map(({ app }) => app))).map(({ id }) => id))
  const held = heldBy(seen)
  const names = answers.map(({ host }) => host.name)
  const scattered = held.some(({ on }) => on.length < seen.length)
  const now = new Date()
  return {
    title: titleOf(answers, place, now),
    prompt: `${place.target}${place.host === undefined ? '' : ` ${place.host}`}>`,
    headings: ['version', 'state', '', ...(scattered ? ['on'] : []), 'built', 'id'],
    items: held.map((one) => ({
      value: one,
      cells: [
        one.version === UNKNOWN ? one.id : one.version,
        one.state,
        one.marks.join(', '),
        ...(scattered ? [one.on.length === seen.length ? '' : one.on.join(', ')] : []),
        ago(builtAt(one.id), now),
        one.id,
      ],
    })),
    empty: 'there are no releases on these hosts yet; bring one: deploy',
    words: [...THERE, ...ALWAYS],
    hosts: names.length > TOLD ? count(names.length, 'host') : names.join(', '),
    actions: (chosen) =>
      actions(
        chosen.flatMap(({ id }) => held.find((one) => one.id === id) ?? []),
        here,
      ),
  }
}

function heldBy(seen: readonly Seen[]): readonly Held[] {
  const ids = [...new Set(seen.flatMap(({ view }) => view.releases.map(({ id }) => id)))].sort().reverse()
  return ids.map((id) => {
    const having = seen.flatMap((one) => {
      const release = one.view.releases.find((each) => each.id === id)
      return release ? [{ ...one, release }] : []
    })
    const on = (is: (view: HostView) => boolean) => having.filter(({ view }) => is(view)).map(({ host }) => host)
    const current = on((view) => view.current?.id === id)
    const pinned = on((view) => view.pinned.includes(id))
    const mark = (word: string, hosts: readonly string[]) =>
      hosts.length === 0 ? [] : [hosts.length === seen.length ? word : `${word} on ${hosts.join(' ')}`]
    const known = having.map(({ release }) => release).find(({ version }) => version !== UNKNOWN)
    return {
      id,
      version: known?.version ?? UNKNOWN,
      state: statesOf(having),
      marks: [
        ...mark('current', current),
        ...mark(
          'previous',
          on((view) => view.previous?.id === id),
        ),
        ...mark('pinned', pinned),
      ],
      on: having.map(({ host }) => host),
      current: current.length === 0 ? 'nowhere' : current.length === seen.length ? 'everywhere' : 'somewhere',
      pinned: pinned.length > 0,
    }
  })
}

function statesOf(having: readonly { readonly host: string; readonly release: HostRelease }[]): string {
  const states = [...new Set(having.map(({ release }) => release.state))]
  if (states.length <= 1) return states.join('')
  return having.map(({ host, release }) => `${release.state} on ${host}`).join(', ')
}

/** When a release was packed: its id begins with it. */
function builtAt(id: string): Date {
  return new Date(id.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d).*/, '$1-$2-$3T$4:$5:$6Z'))
}

/** A line for each host; where there are many, one for all that serve the same. */
function titleOf(answers: readonly Answer[], { target }: { readonly target: string }, now: Date): readonly string[] {
  const lines = answers.map((answer) => ({ host: answer.host.name, ...hostLine(answer, now) }))
  if (answers.length <= TOLD) return lines.map(({ host, serves, more }) => `${host}: ${[serves, ...more].join(', ')}`)
  const serving = [...new Set(lines.map(({ serves }) => serves))]
  const odd = lines.filter(({ odd: is }) => is).map(({ host, more }) => `${host}: ${more.join(', ')}`)
  return [
    `${target}: ${count(answers.length, 'host')}`,
    ...serving.map((serves) => {
      const hosts = lines.filter((line) => line.serves === serves).map(({ host }) => host)
      return `${serves}: ${hosts.length > TOLD ? count(hosts.length, 'host') : hosts.join(', ')}`
    }),
    ...odd,
  ]
}

function hostLine({ facts, error }: Answer, now: Date) {
  if (!facts) return { serves: 'unreachable', more: [error.message], odd: true }
  const { current, releases } = viewOf(facts)
  const since = facts.state?.since
  const odd = [
    facts.frozen && `frozen by ${lockInWords(facts.frozen)}`,
    facts.lock && `locked by ${lockInWords(facts.lock)}`,
    facts.unsettled && 'a deploy was cut off: the next one settles it',
    facts.current.kind === 'foreign' && `current is ${facts.current.what}`,
  ].filter((one): one is string => typeof one === 'string')
  return {
    serves: current ? nameAmong(current, releases) : 'nothing yet',
    // What is unusual first: a narrow window cuts the end off.
    more: [
      ...odd,
      ...(current && since ? [`since ${ago(new Date(since * 1000), now)} by ${facts.state?.by ?? '?'}`] : []),
      ...(facts.freeBytes === null ? [] : [`${size(facts.freeBytes)} free`]),
    ],
    odd: odd.length > 0,
  }
}

function actions(chosen: readonly Held[], here: ReadonlySet<string>): readonly Action[] {
  const ids = idsOf(chosen)
  const [one, ...others] = chosen
  if (!one || others.length > 0)
    return [
      ...(chosen.length === 2 ? [{ does: 'compare them', line: `diff ${ids}` }] : []),
      { does: 'delete them', line: `delete ${ids}` },
    ]
  return [
    ...(one.current === 'everywhere' ? [] : [{ does: 'switch current to it', line: `ln ${ids}` }]),
    ...(one.current === 'nowhere'
      ? [{ does: 'compare it with current', line: `diff ${ids}` }]
      : [{ does: 'go back to the release before', line: 'rollback' }]),
    one.pinned ? { does: 'lift its pin', line: `unpin ${ids}` } : { does: 'pin it', line: `pin ${ids}` },
    { does: 'verify its files', line: `verify ${ids}` },
    ...(here.has(one.id)
      ? [{ does: 'show all about it', line: `info ${ids}` }]
      : [{ does: 'download it into the store', line: `download ${ids}` }]),
    ...(one.current === 'nowhere' ? [{ does: 'delete it', line: `delete ${ids}` }] : []),
  ]
}
