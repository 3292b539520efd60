import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const rows = readFileSync('docs/security.md', 'utf8')
  .split('\n')
  .flatMap((line) => [...line.matchAll(/\| `(test\/[^`]+)`(?:: (.*?))? \|$/g)])
  .map(([, file = '', title]) => ({ file, title }))

test('the page names tests', () => {
  expect(rows.length).toBeGreaterThan(30)
})

test.each(rows)('$file has “$title”', ({ file, title }) => {
  const text = readFileSync(file, 'utf8')
  if (title !== undefined) expect(text.replaceAll("\\'", "'")).toContain(title)
})
