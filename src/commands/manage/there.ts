import { loadConfig, pickTargets } from '../../local/config.ts'
import { UNKNOWN } from '../../model/host-state.ts'
import { viewOf } from '../../model/host-view.ts'
import { timeOf } from '../../model/release.ts'
import type { Destination } from '../../rollout/host.ts'
import { ago } from '../../ui/time.ts'
import type { Call } from '../command.ts'
import { destinations } from '../destinations.ts'
import { demandAnswers, factsOf, noCloser } from '../facts-of.ts'
import { glanceOf } from '../glance.ts'
import { memoryAt } from '../memory.ts'
import { type Held, heldBy } from './held.ts'
import { hostLines, inShort } from './host-lines.ts'
import type { Place } from './understand.ts'
import { type Action, idsOf, type View } from './view.ts'
import { ALWAYS, THERE } from './words.ts'

/** The releases on the hosts of a target, newest first, those of several hosts as one. Fails where no host answers. */
export async function viewThere(call: Call, place: Extract<Place, { at: 'there' }>): Promise<View> {
  const loaded = await loadConfig({ file: call.globals.config, cwd: process.cwd() })
  const memory = memoryAt(loaded, call)
  const targets = await pickTargets(loaded, place.target, call.signal)
  const answers = await factsOf(call, destinations(targets, place.host, memory.recall), noCloser)
  // Names of hosts may repeat from target to target.
  const nameOf = ({ target, host }: Destination) => (targets.length > 1 ? `${target.name}/${host.name}` : host.name)
  const seen = answers.flatMap((answer) => (answer.facts ? [{ host: nameOf(answer), view: viewOf(answer.facts) }] : []))
  if (seen.length === 0) demandAnswers(call, answers, {})
  const here = new Set((await memory.releases(targets.map(({ app }) => app))).map(({ id }) => id))
  const held = heldBy(seen)
  const names = answers.map(nameOf)
  const scattered = held.some(({ on }) => on.length < seen.length)
  const now = new Date()
  return {
    title: hostLines(
      place.target,
      answers.map((answer) => ({ ...glanceOf(answer, null), host: nameOf(answer) })),
      now,
    ),
    prompt: `${place.target}${place.host === undefined ? '' : ` ${place.host}`}>`,
    headings: ['version', 'state', '', ...(scattered ? ['on'] : []), 'built', 'id'],
    items: held.map((one) => ({
      value: one,
      cells: [
        one.version === UNKNOWN ? one.id : one.version,
        one.state,
        one.marks.join(', '),
        ...(scattered ? [one.on.length === seen.length ? '' : one.on.join(', ')] : []),
        ago(timeOf(one.id), now),
        one.id,
      ],
    })),
    empty: 'there are no releases on these hosts yet; bring one: deploy',
    words: [...THERE, ...ALWAYS],
    hosts: inShort(names),
    actions: (chosen) =>
      actions(
        chosen.flatMap(({ id }) => held.find((one) => one.id === id) ?? []),
        here,
      ),
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
