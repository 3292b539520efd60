import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { seekConfig } from '../local/config-file.ts'
import { type ScaffoldValues, scaffold, templateNames } from '../local/scaffold.ts'
import { isName, NAME_RULE } from '../model/name.ts'
import type { Ui } from '../ui/ui.ts'
import type { Call, Run } from './command.ts'

const PLACEHOLDER = 'example.com'

export const run: Run = async (call) => {
  const { values, ui, globals } = call
  const dir = process.cwd()
  const force = values['force'] === 'true'
  // What will be refused needs no answers.
  const refused = !force && (await isConfigured(dir))
  const asks = ui.interactive && !globals.yes && !refused
  const template = values['template'] ?? (asks ? await askTemplate(ui, dir) : 'generic')
  const wanted = asks ? await askValues(ui, values, dir) : defaults(values, dir)
  const { written, kept } = await scaffold({ template, dir, values: wanted, force })
  const next = ['releaser build', 'releaser deploy target=prod']
  const placeholder = wanted.host === PLACEHOLDER
  const lines = [
    `wrote ${written.join(', ')}`,
    ...(kept.length === 0 ? [] : [`left as it was: ${kept.join(', ')}`]),
    '',
    ...(placeholder ? [`put your host and path into releaser.config.ts (it says ${PLACEHOLDER}), then`] : ['next']),
    ...next.map((line) => `  ${line}`),
  ]
  return { result: { template, dir, written, kept, next }, text: lines.join('\n') }
}

async function isConfigured(dir: string): Promise<boolean> {
  const file = await seekConfig(dir)
  return file !== undefined && dirname(file) === dir
}

/** What the folder looks like comes first. */
const SIGNS = [
  ['mix.exs', 'elixir'],
  ['Dockerfile', 'docker'],
  ['package.json', 'node'],
] as const

async function askTemplate(ui: Ui, dir: string): Promise<string> {
  const [, likely] = SIGNS.find(([file]) => existsSync(join(dir, file))) ?? ['', 'generic']
  const names = [likely, ...(await templateNames()).filter((name) => name !== likely)]
  const choices = names.map((name) => ({ label: `${name}${ABOUT[name] ?? ''}`, value: name }))
  return ui.select('What kind of app is it?', choices, { answer: 'template=NAME' })
}

const ABOUT: Readonly<Record<string, string>> = {
  docker: '   anything that a Dockerfile builds, on the system of your hosts',
  elixir: '   a Mix project, as a release of mix',
  generic: '  files of any kind, made by a command of yours',
  node: '     a Node app with a package.json',
  static: '   a web site of plain files',
}

async function askValues(ui: Ui, values: Call['values'], dir: string): Promise<ScaffoldValues> {
  const check = (text: string): string | undefined => (isName(text) ? undefined : NAME_RULE)
  const name = values['name'] ?? (await ui.input('Its name?', { initial: nameFrom(dir), answer: 'name=NAME', check }))
  const fallback = defaults({ ...values, name }, dir)
  const written = fallback.user === undefined ? fallback.host : `${fallback.user}@${fallback.host}`
  const host =
    values['host'] ?? (await ui.input('Which host does it go to, as for ssh?', { initial: written, answer: 'host=HOST' }))
  const path = values['path'] ?? (await ui.input('Which directory there?', { initial: fallback.path, answer: 'path=PATH' }))
  if (host === written) return { ...fallback, path }
  return { name, host, path, ...(host.includes('@') ? {} : { user: values['user'] }) }
}

function defaults(values: Call['values'], dir: string): ScaffoldValues {
  const name = values['name'] ?? nameFrom(dir)
  const user = values['user'] ?? (values['host'] === undefined ? 'deploy' : undefined)
  return { name, host: values['host'] ?? PLACEHOLDER, user, path: values['path'] ?? `/srv/${name}` }
}

/** The folder's name, made into a name. */
function nameFrom(dir: string): string {
  const name = basename(dir)
    .replace(/[^A-Za-z0-9._+~-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 100)
  return isName(name) ? name : 'app'
}
