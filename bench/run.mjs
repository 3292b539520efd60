// Runs bench/*.bench.mjs one after another and prints one table; words name those to run (`node bench/run.mjs start-up`).
// Each file exports a `title` and `measure()`, which gives rows { what, is, limit?, kept? }, or a promise of them.
// A promise that is not kept makes the exit code 1.
import { readdirSync } from 'node:fs'

const wanted = process.argv.slice(2)
const files = readdirSync(new URL('.', import.meta.url))
  .filter((file) => file.endsWith('.bench.mjs'))
  .filter((file) => wanted.length === 0 || wanted.includes(file.replace('.bench.mjs', '')))
  .sort()
if (files.length === 0) {
  console.error(`bench: no bench is called ${wanted.join(', ')}`)
  process.exit(2)
}

const rows = []
for (const file of files) {
  const { title, measure } = await import(new URL(file, import.meta.url))
  console.error(`measuring ${title} …`)
  for (const { what, is, limit = '', kept = true } of await measure()) rows.push([title, what, is, limit, kept ? '' : 'NOT KEPT'])
}

const table = [['bench', 'what', 'measured', 'at most', ''], ...rows]
const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)))
for (const row of table)
  console.log(
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  )
if (rows.some((row) => row[4] !== '')) process.exitCode = 1
