import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { AGENT_SCRIPT, COMMENT_LINE } from '../../src/remote/agent-script.ts'

const DIR = new URL('../../templates/remote/', import.meta.url)
const PARTS = readdirSync(DIR).filter((name) => name.endsWith('.sh'))

const isSound = (script: string) => spawnSync('sh', ['-n'], { input: script, encoding: 'utf8' })

it('is a script, without the lines that only explain', () => {
  expect(isSound(AGENT_SCRIPT.toString())).toMatchObject({ status: 0, stderr: '' })
  expect(AGENT_SCRIPT.toString().match(COMMENT_LINE)).toHaveLength(1)
})

it.each(PARTS)('takes from %s nothing that is inside quotes or a document', (name) => {
  const text = readFileSync(new URL(name, DIR), 'utf8')
  // In a comment these do no harm; in quotes of either kind one of them ends the text, and what follows is no shell any more.
  for (const end of ["'", '"', ')`'])
    expect(isSound(text.replaceAll(COMMENT_LINE, `# ${end} (\n`))).toMatchObject({ status: 0, stderr: '' })
  for (const [, body] of text.matchAll(/<<[-'"]*(?:EOF|END)\b.*\n([\s\S]*?)^(?:EOF|END)$/gm))
    expect(body).not.toMatch(COMMENT_LINE)
})

it('fits into one variable, and is short where a host unpacks it', () => {
  expect(AGENT_SCRIPT.length).toBeLessThan(80 * 1024)
  expect(gzipSync(AGENT_SCRIPT, { level: 9 }).length).toBeLessThan(24 * 1024)
})
