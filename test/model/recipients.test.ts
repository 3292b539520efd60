import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { parseRecipients } from '../../src/model/recipients.ts'

const AGE = 'age1299y56fas5plgdyk3fylu7dnwrwnwpupew0n9z570gpkehjkqs0snnd2n3'
const SSH = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPPCEntMlIx67KLL902Z8VGJheFBXVBdUhxoaJpGgvJa'

test('public keys of age and SSH are recipients, each once, without their comments', () => {
  expect(parseRecipients(`# ana, at home\n${AGE}\n\n ${SSH} ana of shop , ${AGE}\n`)).toEqual({ recipients: [AGE, SSH] })
})

test('so are those that the tools themselves make', () => {
  const dir = mkdtempSync(join(tmpdir(), 'releaser-keys-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const made = (...words: string[]) => {
    const file = join(dir, words.join('-'))
    execFileSync('ssh-keygen', ['-q', '-N', '', '-C', 'a b', '-f', file, '-t', ...words])
    return { own: readFileSync(file, 'utf8'), open: readFileSync(`${file}.pub`, 'utf8') }
  }
  const age = join(dir, 'age')
  execFileSync('age-keygen', ['-o', age], { stdio: 'ignore' })
  const own = readFileSync(age, 'utf8')
  const [open = ''] = /age1\w+/.exec(own) ?? []
  expect(parseRecipients(open)).toEqual({ recipients: [open] })
  for (const good of [made('ed25519'), made('rsa', '-b', '2048')]) {
    expect(parseRecipients(good.open)).toEqual({ recipients: [good.open.replace(' a b\n', '')] })
    expect(parseRecipients(good.own)).toMatchObject({ says: expect.stringContaining('private key') })
  }
  for (const { open } of [made('rsa', '-b', '1024'), made('ecdsa')]) expect(parseRecipients(open)).toMatchObject({ says: NONE })
  expect(parseRecipients(own)).toMatchObject({ says: expect.stringContaining('private key') })
})

const NONE = 'holds what is no public key of age or SSH (entry 1 of 1)'

test.each([
  ['a letter mistyped', AGE.replace('plgdy', 'plgdz')],
  ['two letters swapped', AGE.replace('56f', '65f')],
  ['a letter left out', AGE.slice(0, -1)],
  ['one that has capitals', AGE.toUpperCase()],
  ['a key that is cut off', SSH.slice(0, -4)],
  ['a key of another type', SSH.replace('ssh-ed25519', 'ssh-rsa')],
  ['more than a key', `${SSH}AAAA`],
  ['an option of age', '-i'],
  ['a file', '/home/ana/.ssh/id_ed25519.pub'],
])('%s is none', (_, text) => {
  expect(parseRecipients(text)).toMatchObject({ says: NONE })
  expect(parseRecipients(`${AGE},${text}`)).toMatchObject({ says: NONE.replace('1 of 1', '2 of 2') })
})

test('nobody is no recipient', () => {
  expect(parseRecipients(' \n# age1\n,')).toMatchObject({ says: 'names nobody' })
})
