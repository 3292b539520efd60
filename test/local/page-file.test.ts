import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { pageFile, writePage } from '../../src/local/page-file.ts'

const BEGINNING = '<!-- ours -->\n'

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'releaser-page-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  return dir
}

async function write(file: string, text: string): Promise<void> {
  await writePage(await pageFile(file, BEGINNING), BEGINNING + text)
}

test('a new page, then another over it, with the mode that the first was given', async () => {
  const file = join(await folder(), 'page.html')
  await write(file, 'one')
  expect((await stat(file)).mode & 0o777).toBe(0o666 & ~process.umask())
  await chmod(file, 0o640)
  await write(file, 'two')
  expect(await readFile(file, 'utf8')).toBe(`${BEGINNING}two`)
  expect((await stat(file)).mode & 0o777).toBe(0o640)
  expect(await readdir(join(file, '..'))).toEqual(['page.html'])
})

test('an empty file is filled, and a link is followed and stays', async () => {
  const dir = await folder()
  await writeFile(join(dir, 'real.html'), '')
  await symlink('real.html', join(dir, 'link.html'))
  await write(join(dir, 'link.html'), 'x')
  expect(await readFile(join(dir, 'real.html'), 'utf8')).toBe(`${BEGINNING}x`)
  expect(await readdir(dir)).toEqual(['link.html', 'real.html'])
})

test('what is not ours is refused, and stays', async () => {
  const dir = await folder()
  const file = join(dir, 'notes.html')
  for (const text of ['my notes', BEGINNING.slice(0, -3)]) {
    await writeFile(file, text)
    await expect(pageFile(file, BEGINNING)).rejects.toMatchObject({
      code: 'USAGE',
      message: `${file} is not a page that report made`,
      hint: 'name another file: html=FILE',
    })
    expect(await readFile(file, 'utf8')).toBe(text)
  }
  await expect(pageFile(dir, BEGINNING)).rejects.toMatchObject({ code: 'USAGE', message: `html=${dir} is no file` })
  await expect(pageFile('/dev/null', BEGINNING)).rejects.toMatchObject({ code: 'USAGE' })
  await expect(pageFile(join(dir, 'no', 'page.html'), BEGINNING)).rejects.toMatchObject({ code: 'USAGE' })
})
