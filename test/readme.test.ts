import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { parseArguments } from '../src/commands/args.ts'
import { COMMANDS } from '../src/commands/table.ts'
import { loadConfig } from '../src/local/config.ts'
import { EXIT_CODES } from '../src/model/errors.ts'

const readme = readFileSync('README.md', 'utf8')
const fenced = [...readme.matchAll(/^```\w*\n(.*?)^```$/gms)].map(([, block = '']) => block)
const inline = [...readme.replace(/^```.*?^```$/gms, '').matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code)

/** The lines that call releaser, without their comments. */
const calls = [...fenced.flatMap((block) => block.split('\n')), ...inline]
  .map((line) => line.replace(/\s+#.*$/, '').trim())
  .filter((line) => line.startsWith('releaser '))

it('its table of exit codes is EXIT_CODES', () => {
  const rows = [...readme.matchAll(/^\| (\d+) \| (.+?) \| .+ \|$/gm)].map(([, code, names = '']) => [
    Number(code),
    [...names.matchAll(/`(\w+)`/g)].map(([, name = '']) => name),
  ])
  const codes = new Map<number, string[]>([[0, ['OK']]])
  for (const [name, code] of Object.entries(EXIT_CODES)) codes.set(code, [...(codes.get(code) ?? []), name])
  expect(rows).toEqual([...codes].sort(([a], [b]) => a - b))
})

it('calls releaser often enough to be worth testing', () => {
  expect(calls.length).toBeGreaterThan(10)
})

it.each(calls)('%s is understood', (line) => {
  expect(() => parseArguments(wordsOf(line), COMMANDS)).not.toThrow()
})

it('names every command, and none that does not exist', () => {
  const known = Object.keys(COMMANDS)
  const first = [...calls.map((line) => line.slice('releaser '.length)), ...inline].map((code) => code.split(' ', 1).join())
  expect(known.filter((name) => !first.includes(name) && !readme.includes(`npm run ${name}`))).toEqual([])
  const called = calls.map((line) => wordsOf(line)[0] ?? '').filter((word) => !word.startsWith('-') && word !== 'help')
  expect(called.filter((name) => !known.includes(name))).toEqual([])
})

it('our own configuration, the living example, is right', async () => {
  const { apps, targets } = await loadConfig({ file: undefined, cwd: process.cwd() })
  expect([apps, [...targets.keys()]]).toEqual([['sample'], ['sample']])
})

/** The argv that a shell makes of a line with plain and double-quoted words. */
function wordsOf(line: string): string[] {
  const words = line.match(/(?:[^\s"]|"[^"]*")+/g) ?? []
  return words.slice(1).map((word) => word.replaceAll('"', ''))
}
