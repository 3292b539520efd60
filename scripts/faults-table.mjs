// Makes docs/faults.md from what a run of the drills has noted, so that it cannot claim what was not run.
//   node scripts/faults-table.mjs FILE            fails where the document claims other rows than this run had
//   node scripts/faults-table.mjs FILE --write    writes the document
// FILE holds a JSON line for each fault that was injected: { operation, point, fault, guarantee, test, points, violations }.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

const [file, flag] = process.argv.slice(2)
const doc = new URL('../docs/faults.md', import.meta.url)
const HEAD = '| operation | point | fault | what is guaranteed | test | points | violations |'

const rows = new Map()
for (const line of readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
  const { operation, point, fault, guarantee, test, points, violations } = JSON.parse(line)
  const key = [operation, point, fault, guarantee, test].join(' | ')
  const row = rows.get(key) ?? { points: 0, violations: 0 }
  rows.set(key, { points: row.points + points, violations: row.violations + violations })
}
if (rows.size === 0) {
  console.error('faults: the drills noted nothing')
  process.exit(1)
}
const sorted = [...rows].sort(([a], [b]) => (a < b ? -1 : 1))

if (flag === '--write') {
  const points = sorted.reduce((sum, [, row]) => sum + row.points, 0)
  const violations = sorted.reduce((sum, [, row]) => sum + row.violations, 0)
  const text = `# Faults

What was broken on purpose, where, and what holds all the same. This page is written by the drills (\`WRITE_FAULTS=1 npm run test:drills\`),
and each run of them fails when it does not say what they did. Counts are those of the run that wrote it: ${points} points, ${violations} violations.

A guarantee is checked after each single fault, and again after a plain rerun of the same command: \`current\` points to a complete,
verified release (or is absent before the first success); what carries a release's name is complete; what served before is still
there; nothing is left behind; the outcome that was told is true. For each family a deliberately broken agent has to fail, so
that the drills are known to bite.

${HEAD}
|---|---|---|---|---|---|---|
${sorted.map(([key, row]) => `| ${key} | ${row.points} | ${row.violations} |`).join('\n')}
`
  writeFileSync(doc, text)
  console.error(`faults: wrote ${sorted.length} rows`)
} else if (!existsSync(doc)) {
  console.error('faults: docs/faults.md is not written yet: WRITE_FAULTS=1 npm run test:drills')
} else {
  const claimed = readFileSync(doc, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| ') && line !== HEAD)
  const keys = claimed.map((line) => line.slice(2).split(' | ').slice(0, 5).join(' | ')).sort()
  const ran = sorted.map(([key]) => key)
  const unproved = keys.filter((key) => !ran.includes(key))
  const untold = ran.filter((key) => !keys.includes(key))
  for (const key of unproved) console.error(`faults: docs/faults.md claims what was not run: ${key}`)
  for (const key of untold) console.error(`faults: docs/faults.md does not tell: ${key}`)
  if (unproved.length + untold.length > 0) {
    console.error('faults: write it anew with WRITE_FAULTS=1 npm run test:drills')
    process.exit(1)
  }
}
