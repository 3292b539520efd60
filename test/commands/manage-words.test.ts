import { expect, test } from 'vitest'
import { argvOf } from '../../src/commands/manage/act.ts'
import { type Known, type Place, understand } from '../../src/commands/manage/understand.ts'
import { ALWAYS, HERE, offersFor, THERE } from '../../src/commands/manage/words.ts'
import { COMMANDS } from '../../src/commands/table.ts'
import { ReleaserError } from '../../src/model/errors.ts'

const here: Place = { at: 'here' }
const prod: Place = { at: 'there', target: 'prod', host: undefined }
const web1: Place = { at: 'there', target: 'prod', host: 'web1' }

function known(place: Place): Known {
  const words = [...(place.at === 'here' ? HERE : THERE), ...ALWAYS]
  return { place, commands: COMMANDS, words, targets: ['prod', 'staging'], apps: ['shop', 'till'] }
}

/** A meaning as it would be typed outside, or what else is done. */
function meaning(line: string, place: Place): string {
  const found = understand(line, known(place))
  if (found.do !== 'run') return Object.values(found).filter(Boolean).join(' ')
  return argvOf(found.line, COMMANDS).join(' ')
}

test.each([
  // Deployer's words with its store …
  ['info', here, 'look'],
  ['info latest', here, 'show release=latest'],
  ['h', here, 'help'],
  ['prune shop', here, 'prune app=shop keep=1'],
  ['delete 1.3.9', here, 'delete release=1.3.9'],
  ['connect prod', here, 'connect prod'],
  ['\\q', here, 'leave'],
  // … and on its hosts.
  ['info', prod, 'status target=prod'],
  ['prune shop', prod, 'prune target=prod keep=1'],
  ['ln 1.4.0', prod, 'activate target=prod release=1.4.0'],
  ['integrity', prod, 'verify target=prod'],
  ['integrity -f', prod, 'verify target=prod --fix'],
  ['delete 1.3.9', prod, 'delete target=prod release=1.3.9'],
  ['local', prod, 'local'],
  // Ours.
  ['prune', here, 'prune'],
  ['prune 3', prod, 'prune target=prod keep=3'],
  ['prune within=30d', prod, 'prune target=prod within=30d'],
  ['delete a b c', here, 'delete release=a,b,c'],
  ['diff 1.4.0 1.3.9', here, 'diff release=1.4.0 with=1.3.9'],
  ['diff 1.4.0', prod, 'diff target=prod release=1.4.0'],
  ['tag 1.4.0 a b', here, 'tag release=1.4.0 tag=a,b'],
  ['tag 1.4.0 true', here, 'tag release=1.4.0 tag=true'],
  ['deploy prod', here, 'deploy target=prod'],
  ['deploy prod 1.4.0 --force', here, 'deploy target=prod release=1.4.0 --force'],
  ['deploy 1.4.0', prod, 'deploy target=prod release=1.4.0'],
  ['deploy', web1, 'deploy target=prod host=web1'],
  ['rollback', web1, 'rollback target=prod host=web1'],
  ['host web2', web1, 'host web2'],
  ['history 50', prod, 'history target=prod limit=50'],
  ['lock we count the money', prod, 'lock target=prod message=we count the money'],
  ["import 'a file.tar.gz'", here, 'import file=a file.tar.gz'],
  ['exec -- ls -la', prod, 'exec target=prod -- ls -la'],
  ['releaser status target=staging', here, 'status target=staging'],
  ['status target=staging', prod, 'status target=staging'],
  ['help prune', here, 'help prune'],
  ['quit', prod, 'leave'],
] as const)('%s, %o', (line, place, expected) => {
  expect(meaning(line, place)).toBe(expected)
})

test.each([
  ['conect prod', here, '"conect" is no word here', /did you mean "connect"/],
  ['connect prodd', here, 'there is no target "prodd"', /did you mean "prod"/],
  ['prune shopp', here, 'there is no app "shopp"', /did you mean "shop"/],
  ['ln 1.4.0', here, 'ln is for hosts', /connect TARGET/],
  ['restart now', prod, 'what is "now" to restart?', /h restart/],
] as const)('%s is refused with a hint', (line, place, message, hint) => {
  try {
    understand(line, known(place))
    expect.unreachable()
  } catch (error) {
    expect(error).toBeInstanceOf(ReleaserError)
    expect(error).toMatchObject({ code: 'USAGE', message, hint: expect.stringMatching(hint) })
  }
})

test('every word that is offered is understood where it is offered', () => {
  for (const [place, words] of [
    [here, HERE],
    [prod, THERE],
  ] as const)
    for (const { word } of [...words, ...ALWAYS]) expect(() => understand(word, known(place)), word).not.toThrow()
})

test('offers: words that begin so; one that is whole with all that stands behind it', () => {
  const offers = (typed: string) => offersFor([...HERE, ...ALWAYS])(typed).map(({ line }) => line)
  expect(offers('d')).toEqual(['deploy', 'diff', 'delete'])
  expect(offers('delete 1.3.9')).toEqual(['delete 1.3.9'])
  expect(offers('integrity -f')).toEqual(['integrity -f'])
  expect(offers('1.3')).toEqual([])
})
