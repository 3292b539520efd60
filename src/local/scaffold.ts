import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { ReleaserError } from '../model/errors.ts'
import { isName, NAME_RULE } from '../model/name.ts'
import { didYouMean } from '../model/suggest.ts'
import { parseHost } from './config-host.ts'
import { deployPathProblem } from './config-path.ts'
import { template } from './own-files.ts'

/** What a new configuration says; `user` left out: whoever ssh would log in as. */
export interface ScaffoldValues {
  readonly name: string
  readonly host: string
  readonly user?: string | undefined
  readonly path: string
}

const CONFIG = 'releaser.config.ts'
/** Lines for the project's `.gitignore`; a file of that name would not survive being published. */
const IGNORE = 'gitignore'
const TEMPLATES = template('init/')

/**
 * Writes a template into a project: its configuration, its sample files where the project has none of them, lines in `.gitignore`.
 * With `force` an existing configuration is written anew; no other existing file is ever touched. Returns paths relative to `dir`.
 * Fails with USAGE, before anything is written, for values that no configuration can hold and for a configuration that is there.
 */
export async function scaffold(options: {
  readonly template: string
  readonly dir: string
  readonly values: ScaffoldValues
  readonly force: boolean
}): Promise<{ readonly written: readonly string[]; readonly kept: readonly string[] }> {
  const { dir, values, force } = options
  const template = await templateFolder(options.template)
  checkValues(values)
  await checkExisting(dir, force)
  const samples = (await filesIn(template)).filter((path) => path !== CONFIG && path !== IGNORE)
  const config = fill(await readFile(join(template, CONFIG), 'utf8'), values)
  await mkdir(dir, { recursive: true })
  await writeFile(join(dir, CONFIG), config)
  const there = await present(dir, samples)
  // Samples belong together: half of them beside somebody's own files would be of no use.
  if (there.length === 0) for (const path of samples) await copyNew(join(template, path), join(dir, path))
  const ignored = await addIgnored(join(dir, '.gitignore'), await readFile(join(template, IGNORE), 'utf8'))
  return {
    written: [CONFIG, ...(there.length === 0 ? samples : []), ...(ignored ? ['.gitignore'] : [])],
    kept: [...there, ...(ignored ? [] : ['.gitignore'])],
  }
}

/** The names of the templates there are, sorted. */
export async function templateNames(): Promise<readonly string[]> {
  return (await readdir(TEMPLATES)).sort()
}

async function templateFolder(template: string): Promise<string> {
  const known = await templateNames()
  if (known.includes(template)) return join(TEMPLATES, template)
  throw new ReleaserError('USAGE', `there is no template "${template}"`, { hint: didYouMean(template, known) })
}

function checkValues({ name, host, user, path }: ScaffoldValues): void {
  if (!isName(name)) throw new ReleaserError('USAGE', `name=${JSON.stringify(name)} is not a name`, { hint: NAME_RULE })
  const address = parseHost(host)
  if ('says' in address) throw new ReleaserError('USAGE', `host= ${address.says}`, { hint: address.hint })
  if (user !== undefined) {
    if (address.user !== undefined) {
      throw new ReleaserError('USAGE', `host=${host} names a user, and so does user=${user}`, { hint: 'leave user= out' })
    }
    const login = parseHost(`${user}@${host}`)
    if ('says' in login || login.user !== user) {
      throw new ReleaserError('USAGE', `user=${JSON.stringify(user)} is no user name`, {
        hint: 'name the user that ssh logs in as',
      })
    }
  }
  const problem = deployPathProblem(path)
  if (problem !== undefined) throw new ReleaserError('USAGE', `path= ${problem}`, { hint: `such as path=/srv/${name}` })
}

async function checkExisting(dir: string, force: boolean): Promise<void> {
  const names = await readdir(dir).catch((): string[] => [])
  const existing = names.find((name) => /^releaser\.config\.(?:ts|mts|js|mjs|json)$/.test(name) && !(force && name === CONFIG))
  if (existing === undefined) return
  throw new ReleaserError('USAGE', `${join(dir, existing)} is there already`, {
    hint: existing === CONFIG ? 'write it anew: --force' : `move ${existing} away first: there can be one configuration`,
  })
}

function fill(text: string, { name, host, user, path }: ScaffoldValues): string {
  const words: Readonly<Record<string, string>> = {
    '__USER__@': user === undefined ? '' : `${user}@`,
    __NAME__: name,
    __HOST__: host,
    __PATH__: path,
  }
  return text.replace(/__USER__@|__(?:NAME|HOST|PATH)__/g, (word) => escapeString(words[word] ?? word))
}

/** For the inside of a TypeScript string in single quotes; control characters were refused before. */
function escapeString(text: string): string {
  return text.replace(/[\\']/g, '\\$&')
}

async function filesIn(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1))
  return files.sort()
}

async function present(dir: string, paths: readonly string[]): Promise<string[]> {
  const found = await Promise.all(paths.map((path) => stat(join(dir, path)).catch(() => undefined)))
  return paths.filter((_, index) => found[index] !== undefined)
}

async function copyNew(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true })
  await writeFile(to, await readFile(from), { flag: 'wx' })
}

/** Adds the lines that are missing; whether there were any. */
async function addIgnored(file: string, lines: string): Promise<boolean> {
  const text = (await present(dirname(file), [basename(file)])).length === 0 ? '' : await readFile(file, 'utf8')
  const known = new Set(text.split('\n').map((line) => line.trim().replace(/^\/|\/$/g, '')))
  const missing = lines.split('\n').filter((line) => line !== '' && !known.has(line.replace(/\/$/, '')))
  if (missing.length === 0) return false
  await writeFile(file, `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${missing.join('\n')}\n`)
  return true
}
