// The process in which a builder of type 'module' runs. Its job comes as JSON on stdin; what the module returns goes into the
// file that the job names, for stdout is the module's own.
import { readFileSync, writeFileSync } from 'node:fs'

const { module, answer, jiti, releaser, context } = JSON.parse(readFileSync(0, 'utf8'))
try {
  const { createJiti } = await import(jiti)
  const loaded = await createJiti(import.meta.url, { fsCache: false, moduleCache: false, alias: { releaser } }).import(module)
  const build = typeof loaded === 'function' ? loaded : loaded?.default
  if (typeof build !== 'function')
    throw 'it has no default export that is a function: export default async function build(context)'
  writeFileSync(answer, JSON.stringify((await build(context)) ?? null))
} catch (error) {
  // What node would print of an error that nobody catches shows lines of this file.
  console.error(error instanceof Error ? error.stack : String(error))
  process.exit(1)
}
