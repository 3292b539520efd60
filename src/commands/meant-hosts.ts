import { hostsInWords } from '../model/hosts-in-words.ts'
import { count } from '../model/size.ts'
import type { Target } from '../model/target.ts'
import type { Destination } from '../rollout/host.ts'
import type { Call } from './command.ts'
import { meantBy } from './destinations.ts'

/** Tells a person which hosts a command means before it acts there; of a single one that its target alone names, that is no news. */
export function sayHosts({ ui, values }: Pick<Call, 'ui' | 'values'>, all: readonly Destination[]): void {
  if (all.length > 1 || values['host'] !== undefined)
    ui.say(hostsInWords(all.map(({ target, host }) => ({ target: target.name, host: host.name }))))
}

/** How many hosts of a target a command means, for a question about it, in words that follow its name; empty for a single one. */
export function manyOf({ values }: Pick<Call, 'values'>, target: Target): string {
  const fits = values['host'] === undefined ? () => true : meantBy(values['host'])
  const many = target.hosts.filter((host) => fits(host, target)).length
  return many > 1 ? ` (${count(many, 'host')})` : ''
}
