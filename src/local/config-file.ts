import { chmod, lstat, mkdir, readdir, readFile, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, extname, join, resolve } from 'node:path'
import { ReleaserError } from '../model/errors.ts'
import { OWN_MODULE } from './own-files.ts'

const NAMES = ['ts', 'mts', 'js', 'mjs', 'json'].map((extension) => `releaser.config.${extension}`)

/** The nearest configuration from `cwd` upwards. Fails with CONFIG where there is none, or two in one folder. */
export async function findConfig(cwd: string): Promise<string> {
  const found = await seekConfig(cwd)
  if (found !== undefined) return found
  throw new ReleaserError('CONFIG', `no releaser.config.ts in ${resolve(cwd)} or above it`, { hint: 'write one: releaser init' })
}

/** The same, for who can do without: undefined where there is none. */
export async function seekConfig(cwd: string): Promise<string | undefined> {
  for (let dir = resolve(cwd), last = ''; dir !== last; last = dir, dir = dirname(dir)) {
    const names = await readdir(dir).catch((): string[] => [])
    const [first, second] = NAMES.filter((name) => names.includes(name))
    if (first === undefined) continue
    if (second === undefined) return join(dir, first)
    throw new ReleaserError('CONFIG', `${dir} holds both ${first} and ${second}`, {
      hint: `keep one of them, or name it: --config ${first}`,
    })
  }
  return undefined
}

/** What a configuration file exports, unchecked. Fails with CONFIG, naming file and line, where it cannot be read or run. */
export async function readConfig(file: string): Promise<unknown> {
  const found = await stat(file).catch((cause) => {
    throw new ReleaserError('CONFIG', `no configuration at ${file}`, {
      hint: 'check --config, or write one: releaser init',
      cause,
    })
  })
  if (!found.isFile()) {
    throw new ReleaserError('CONFIG', `${file} is not a file`, { hint: 'name the file: --config releaser.config.ts' })
  }
  if (extname(file) === '.json') return readJson(file)
  if (['.ts', '.mts', '.js', '.mjs'].includes(extname(file))) return runModule(file)
  throw new ReleaserError('CONFIG', `${file} is no configuration`, { hint: 'its name ends in .ts, .mts, .js, .mjs or .json' })
}

async function readJson(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8')
  try {
    return JSON.parse(text)
  } catch (cause) {
    const message = messageOf(cause)
    const end = text.trimEnd().length
    const position = Math.min(end, Number(/at position (\d+)/.exec(message)?.[1] ?? end))
    const line = text.slice(0, position).split('\n').length
    throw new ReleaserError('CONFIG', `${file}:${line} is not valid JSON: ${message}`, {
      hint: 'mend the syntax at that line',
      cause,
    })
  }
}

async function runModule(file: string): Promise<unknown> {
  const { createJiti } = await import('jiti')
  const jiti = createJiti(import.meta.url, {
    fsCache: await cacheFolder(),
    moduleCache: false,
    alias: { releaser: OWN_MODULE },
  })
  let loaded: unknown
  try {
    loaded = await jiti.import(file)
  } catch (cause) {
    throw loadError(file, cause)
  }
  if (typeof loaded === 'object' && loaded !== null) {
    if ('default' in loaded && loaded.default !== undefined) return loaded.default
    // A CommonJS `module.exports = { … }` comes without a default.
    if ('targets' in loaded) return loaded
  }
  throw new ReleaserError('CONFIG', `${file} has no default export`, { hint: 'write: export default defineConfig({ … })' })
}

/** Says where: what jiti's parser tells ends in `file:line:column`, what was thrown has it in its stack. */
function loadError(file: string, cause: unknown): ReleaserError {
  const message = messageOf(cause)
  const syntax = /^ParseError: (.*?)\s*\n\s*(\S.*:\d+):\d+\s*$/s.exec(message)
  if (syntax) {
    return new ReleaserError('CONFIG', `syntax error at ${syntax[2]}: ${syntax[1]}`, {
      hint: 'mend the syntax at that line',
      cause,
    })
  }
  const stack = cause instanceof Error ? (cause.stack ?? '') : ''
  const line = stack.split(`${file}:`)[1]?.match(/^\d+/)?.[0]
  const where = line === undefined ? file : `${file}:${line}`
  return new ReleaserError('CONFIG', `${where} failed while it was loaded: ${message}`, {
    hint: 'the configuration is a program: mend what it does at that place',
    cause,
  })
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}

/**
 * Where jiti keeps what it compiled. Its own choice may be a folder that others can write to, and it runs what it finds there;
 * so a private one, or none.
 */
async function cacheFolder(): Promise<string | false> {
  try {
    const dir = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'releaser', 'jiti')
    await mkdir(dir, { recursive: true, mode: 0o700 })
    const found = await lstat(dir)
    if (!found.isDirectory() || found.uid !== process.getuid?.()) return false
    if ((found.mode & 0o777) !== 0o700) await chmod(dir, 0o700)
    return dir
  } catch {
    return false
  }
}
