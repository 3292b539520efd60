import { defineConfig } from 'vitest/config'
import closingLine from './test/support/closing-line.ts'
import { CrashFirst, crashTime } from './test/support/crash-matrix.ts'

/** Modes: `quick` leaves out what is slow, `drills` runs test/drills and nothing else; any other runs all but the drills. */
export default defineConfig(({ mode }) => ({
  test: {
    include: mode === 'drills' ? ['test/drills/**/*.test.ts'] : ['test/**/*.test.ts'],
    exclude: [...(mode === 'drills' ? [] : ['test/drills/**']), ...(mode === 'quick' ? ['**/*.slow.test.ts'] : [])],
    globalSetup: 'scripts/build.mjs',
    reporters: ['default', crashTime(), closingLine()],
    sequence: { sequencer: CrashFirst },
    // Processes, not threads: tests change the umask and the working directory, and send signals.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    coverage: { provider: 'v8', include: ['src/**'] },
  },
}))
