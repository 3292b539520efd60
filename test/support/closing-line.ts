import { appendFileSync } from 'node:fs'
import type { SerializedError } from 'vitest'
import type { Reporter, TestModule } from 'vitest/node'

/** Adds lines `failed TEST`, and `passed failed skipped`, to the file that COUNTS_FILE names, for the lines that end every run. */
export default function closingLine(): Reporter {
  return {
    onTestRunEnd(modules, errors) {
      const file = process.env['COUNTS_FILE']
      if (file) appendFileSync(file, [...failures(modules), count(modules, errors).join(' '), ''].join('\n'))
    },
  }
}

function failures(modules: readonly TestModule[]): readonly string[] {
  const tests = modules.flatMap((module) => [...module.children.allTests('failed')])
  return tests.map(({ fullName, module }) => `failed ${module.relativeModuleId} > ${fullName.replaceAll(/\s+/g, ' ')}`)
}

function count(modules: readonly TestModule[], errors: readonly SerializedError[]): readonly [number, number, number] {
  const states = modules.flatMap((module) => [...module.children.allTests()].map((test) => test.result().state))
  const of = (state: string) => states.filter((each) => each === state).length
  // A file that cannot be loaded, and an error outside any test, fail the run too: they count as a failed test.
  const broken = modules.filter((module) => module.errors().length > 0).length
  return [of('passed'), of('failed') + of('pending') + broken + errors.length, of('skipped')]
}
