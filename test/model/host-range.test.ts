import { expect, test } from 'vitest'
import { expandRanges } from '../../src/model/host-range.ts'

test.each<readonly [string, readonly string[]]>([
  ['web1', ['web1']],
  ['web[1:3]', ['web1', 'web2', 'web3']],
  ['web[08:11].example.com', ['web08', 'web09', 'web10', 'web11'].map((name) => `${name}.example.com`)],
  ['web[1:7:3]', ['web1', 'web4', 'web7']],
  ['rack[a:c]', ['racka', 'rackb', 'rackc']],
  ['rack[A:B]', ['rackA', 'rackB']],
  ['r[a:b]-n[1:2]', ['ra-n1', 'ra-n2', 'rb-n1', 'rb-n2']],
  ['web[5:5]', ['web5']],
  ['deploy@web[1:2]:2222', ['deploy@web1:2222', 'deploy@web2:2222']],
  ['[::1]:22', ['[::1]:22']],
  ['deploy@[fe80::1:2]', ['deploy@[fe80::1:2]']],
  ['web[1]', ['web[1]']],
])('%s means %j', (text, hosts) => {
  expect(expandRanges(text)).toEqual(hosts)
})

test.each([
  ['web[3:1]', '"web[3:1]" has a range that cannot be: [3:1]'],
  ['web[1:c]', '"web[1:c]" has a range that cannot be: [1:c]'],
  ['web[a:C]', '"web[a:C]" has a range that cannot be: [a:C]'],
  ['web[1:3:0]', '"web[1:3:0]" has a range that cannot be: [1:3:0]'],
  ['w[1:2]x[2:1]', '"w[1:2]x[2:1]" has a range that cannot be: [2:1]'],
  ['web[1:1001]', '"web[1:1001]" means more than 1000 hosts'],
  ['web[0:999999999999]', '"web[0:999999999999]" means more than 1000 hosts'],
  ['w[1:100]x[1:100]', '"w[1:100]x[1:100]" means more than 1000 hosts'],
])('%s is refused: %s', (text, says) => {
  expect(expandRanges(text)).toEqual({ says })
})
